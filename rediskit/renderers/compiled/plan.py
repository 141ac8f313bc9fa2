"""Made by `make docs` from plan.md.j2."""

MADE_OF = "3.1.6 d9669f260ac9843d5a73dca4607722ec0d3228669a0920933e4dc51dbcc2dc77"

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'plan.md.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_client = resolve('client')
    l_0_release = resolve('release')
    l_0_plan = resolve('plan')
    l_0_env = resolve('env')
    l_0_budget = resolve('budget')
    l_0_owner_side = resolve('owner_side')
    l_0_carrier = resolve('carrier')
    l_0_config = resolve('config')
    l_0_polling = resolve('polling')
    l_0_minutes = resolve('minutes')
    l_0_shell = l_0_cell = missing
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    try:
        t_3 = environment.filters['map']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'map' found.")
    try:
        t_4 = environment.filters['replace']
    except KeyError:
        @internalcode
        def t_4(*unused):
            raise TemplateRuntimeError("No filter named 'replace' found.")
    pass
    def macro(l_1_commands):
        t_5 = []
        if l_1_commands is missing:
            l_1_commands = undefined("parameter 'commands' was not provided", name='commands')
        pass
        t_5.append(
            '```sh\n',
        )
        for l_2_command in l_1_commands:
            _loop_vars = {}
            pass
            t_5.extend((
                str(l_2_command),
                '\n',
            ))
        l_2_command = missing
        t_5.append(
            '```',
        )
        return concat(t_5)
    context.exported_vars.add('shell')
    context.vars['shell'] = l_0_shell = Macro(environment, macro, 'shell', ('commands',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_text):
        t_6 = []
        if l_1_text is missing:
            l_1_text = undefined("parameter 'text' was not provided", name='text')
        pass
        t_6.append(
            str(t_4(context.eval_ctx, l_1_text, '|', '\\|')),
        )
        return concat(t_6)
    context.exported_vars.add('cell')
    context.vars['cell'] = l_0_cell = Macro(environment, macro, 'cell', ('text',), False, False, False, context.eval_ctx.autoescape)
    yield '# '
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'))
    yield ' moves onto the shared Redis '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield '\n\n'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'reference'))
    yield ' in namespace `'
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'namespace'))
    yield '` ('
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'replicas'))
    yield ' replica'
    yield str(('' if (environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'replicas') == 1) else 's'))
    yield ') uses its own Redis today. It gets the shared one, in a\nplanned downtime, in '
    yield str(t_2(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'steps')))
    yield ' steps. Each step is one commit that changes what **one** repository applies, so that no two of them race.\n\n| | |\n| --- | --- |\n| from | `'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'host'))
    yield ':'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'port'))
    yield '`'
    if environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'):
        pass
        yield ' ('
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'), ', '))
        yield ')'
    yield ', which keeps running until `decommission` |\n| to | `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield ':'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield '`, password from Secret `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield '`, key `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield '` |\n| data | nothing is copied: sessions and cache begin empty |\n| stands at | `'
    yield str(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'step'))
    yield '`, order `'
    yield str(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'order'))
    yield '`'
    if (environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'order') == 'deploy-first'):
        pass
        yield ': the shared Redis comes before the application goes down'
    yield ' |\n'
    if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'window'):
        pass
        yield '| window | '
        yield str(environment.getitem(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'window'), 0))
        yield ' to '
        yield str(environment.getitem(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'window'), 1))
        yield ' |\n'
    else:
        pass
        yield '| window | not agreed on yet |\n'
    if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'expected'):
        pass
        yield '| expected downtime | about '
        yield str((environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'expected') // 60))
        yield ' minutes'
        if ((environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'step') in ('scale-down', 'reconfigure')) or ((environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'step') == 'deploy') and (environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'order') == 'as-decided'))):
            pass
            yield ' from here on'
        if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'down'):
            pass
            yield ', '
            yield str(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'down'))
            yield ' if it begins as the window opens'
        yield '; the budget is '
        yield str((undefined(name='budget') if l_0_budget is missing else l_0_budget))
        yield ', after that `scale-up` is refused |\n'
    yield "| way back | from `scale-down` to `validate` one commit in the owner's repository, the old Redis untouched; **no rollback from `decommission` on** |\n| this repository | "
    yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'repository'))
    yield ' ('
    yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'revision'))
    yield '), folder `'
    yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'path'))
    yield "` |\n| the owner's repository | the one that builds "
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'reference'))
    yield '; it gets what lies in `owners/'
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'))
    yield "` by `rediskit migrate export` |\n\nOn the owner's side "
    yield str((undefined(name='owner_side') if l_0_owner_side is missing else l_0_owner_side))
    yield '. Before the window its base says\n`replicas: '
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'replicas'))
    yield '` itself'
    if environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'):
        pass
        yield ', and its '
        yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
        yield ' prunes, or the old Redis stays at `decommission`'
    yield '.\n'
    if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'unsaid'):
        pass
        yield '\nStill missing in '
        yield str((undefined(name='config') if l_0_config is missing else l_0_config))
        yield ', and asked for by a gate:\n\n'
        for l_1_words in environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'unsaid'):
            _loop_vars = {}
            pass
            yield '* '
            yield str(l_1_words)
            yield '\n'
        l_1_words = missing
    yield '\n## At a glance\n\n| step | applied from | what changes | when | way back, and what it loses |\n| --- | --- | --- | --- | --- |\n'
    l_1_loop = missing
    for l_1_step, l_1_loop in LoopContext(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'steps'), undefined):
        l_1_whose = resolve('whose')
        l_1_summaries = resolve('summaries')
        _loop_vars = {}
        pass
        yield '| '
        yield str(environment.getattr(l_1_loop, 'index'))
        yield '. '
        yield str(environment.getattr(environment.getattr(l_1_step, 'page'), 'step'))
        yield ' | '
        yield str(environment.getitem((undefined(name='whose') if l_1_whose is missing else l_1_whose), environment.getattr(environment.getattr(l_1_step, 'page'), 'repository')))
        yield ' | '
        yield str(context.call((undefined(name='cell') if l_0_cell is missing else l_0_cell), environment.getitem((undefined(name='summaries') if l_1_summaries is missing else l_1_summaries), environment.getattr(l_1_loop, 'index0')), _loop_vars=_loop_vars))
        yield ' | '
        yield str(((environment.getattr(l_1_step, 'begins') or environment.getattr(l_1_step, 'when')) or '-'))
        yield ' | '
        yield str(context.call((undefined(name='cell') if l_0_cell is missing else l_0_cell), environment.getattr(environment.getattr(l_1_step, 'page'), 'way_back'), _loop_vars=_loop_vars))
        yield ' |\n'
    l_1_loop = l_1_step = l_1_whose = l_1_summaries = missing
    if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'expected'):
        pass
        yield '\nThe downtime is estimated with a refresh after each push. **Without it, polling alone takes '
        yield str((undefined(name='polling') if l_0_polling is missing else l_0_polling))
        yield ' for each commit**, and '
        yield str(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'commits'))
        yield ' commits\nlie between the application going down and coming up again'
        if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
            pass
            yield ': up to '
            yield str((environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'commits') * 3))
            yield ' minutes'
        yield '. Minutes of the estimate: '
        yield str((undefined(name='minutes') if l_0_minutes is missing else l_0_minutes))
        yield '.\n'
    yield "\nTwo words that only the owner knows:\n\n```sh\nexport OWNER_DIR=...   # the folder of the outermost overlay, in a checkout of the owner's repository\nexport OWNER_APP=...   # the "
    yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
    yield ' that applies it\n```\n'
    l_1_loop = missing
    for l_1_step, l_1_loop in LoopContext(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'steps'), undefined):
        l_1_titles = resolve('titles')
        l_1_lost = resolve('lost')
        _loop_vars = {}
        pass
        yield '\n## '
        yield str(environment.getattr(l_1_loop, 'index'))
        yield '. '
        yield str(environment.getattr(environment.getattr(l_1_step, 'page'), 'step'))
        yield ': '
        yield str(environment.getitem((undefined(name='titles') if l_1_titles is missing else l_1_titles), environment.getattr(l_1_loop, 'index0')))
        yield '\n\n'
        if environment.getattr(environment.getattr(l_1_step, 'page'), 'before'):
            pass
            yield '* Before: '
            yield str(environment.getattr(environment.getattr(l_1_step, 'page'), 'before'))
            yield '.\n'
        if environment.getattr(l_1_step, 'gates'):
            pass
            yield '* Refused unless: '
            yield str(t_1(context.eval_ctx, t_3(context, environment.getattr(l_1_step, 'gates'), attribute=1), '; '))
            yield '.\n'
        if environment.getattr(l_1_step, 'when'):
            pass
            yield '* When: '
            yield str(environment.getattr(l_1_step, 'when'))
            yield '.\n'
        yield '* Way back: '
        yield str(environment.getattr(environment.getattr(l_1_step, 'page'), 'way_back'))
        yield '.\n'
        if (environment.getattr(environment.getattr(l_1_step, 'page'), 'step') == 'decommission'):
            pass
            yield '* **The point of no return**: '
            yield str((undefined(name='lost') if l_1_lost is missing else l_1_lost))
            yield '.\n'
        if environment.getattr(l_1_step, 'values'):
            pass
            yield "\nValues that change in the owner's build, and no others:\n\n| object | JSON pointer, entries of lists by name | now | then |\n| --- | --- | --- | --- |\n"
            for l_2_value in environment.getattr(l_1_step, 'values'):
                _loop_vars = {}
                pass
                yield '| '
                yield str(environment.getattr(l_2_value, 'object'))
                yield ' | `'
                yield str(environment.getattr(l_2_value, 'pointer'))
                yield '` | '
                yield str(context.call((undefined(name='cell') if l_0_cell is missing else l_0_cell), environment.getattr(l_2_value, 'old'), _loop_vars=_loop_vars))
                yield ' | '
                yield str(context.call((undefined(name='cell') if l_0_cell is missing else l_0_cell), environment.getattr(l_2_value, 'new'), _loop_vars=_loop_vars))
                yield ' |\n'
            l_2_value = missing
        if environment.getattr(l_1_step, 'gone'):
            pass
            yield "\nObjects that leave the owner's build: "
            yield str(t_1(context.eval_ctx, environment.getattr(l_1_step, 'gone'), ', '))
            yield '. They go only if its '
            yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
            yield ' prunes.\n'
        if environment.getattr(l_1_step, 'objects'):
            pass
            yield '\nObjects and files of this repository that change:\n\n'
            for l_2_object in environment.getattr(l_1_step, 'objects'):
                _loop_vars = {}
                pass
                yield '* '
                yield str(environment.getattr(l_2_object, 'status'))
                yield ' '
                if environment.getattr(l_2_object, 'identity'):
                    pass
                    yield str(environment.getattr(l_2_object, 'identity'))
                    yield ', '
                yield '`'
                yield str(environment.getattr(l_2_object, 'path'))
                yield '`\n'
            l_2_object = missing
        if environment.getattr(l_1_step, 'brings'):
            pass
            yield '\nWith them the chart ('
            yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'chart'), 'version'))
            yield ') brings into namespace `'
            yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
            yield '`: '
            yield str(t_1(context.eval_ctx, environment.getattr(l_1_step, 'brings'), ', '))
            yield '.\n'
        if environment.getattr(l_1_step, 'files'):
            pass
            yield '\nFiles for the owner: '
            yield str(t_1(context.eval_ctx, environment.getattr(l_1_step, 'files'), ', '))
            yield '.\n'
        yield '\n'
        yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), ((environment.getattr(environment.getattr(l_1_step, 'page'), 'advance') + environment.getattr(environment.getattr(l_1_step, 'page'), 'publish')) + environment.getattr(environment.getattr(l_1_step, 'page'), 'owner')), _loop_vars=_loop_vars))
        yield '\n\nLook: '
        yield str(environment.getattr(environment.getattr(l_1_step, 'page'), 'seen'))
        yield '.\n'
        if environment.getattr(environment.getattr(l_1_step, 'page'), 'look'):
            pass
            yield '\n'
            yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), environment.getattr(environment.getattr(l_1_step, 'page'), 'look'), _loop_vars=_loop_vars))
            yield '\n'
    l_1_loop = l_1_step = l_1_titles = l_1_lost = missing
    if environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'rollback'):
        pass
        yield '\n## The way back\n\nAt any time from `scale-down` to `validate`:\n\n'
        yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), ((environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'rollback'), 'advance') + environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'rollback'), 'publish')) + environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'rollback'), 'owner'))))
        yield '\n\nLook: '
        yield str(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'rollback'), 'seen'))
        yield '. Lost is what the application wrote to the shared Redis since `scale-up`, and nothing before it. The shared Redis stays; the\nnext attempt begins at `scale-down`. What to do when it does not start, starts with errors, or the 24 hours fail: `'
        yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'path'))
        yield '/docs/migration-'
        yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'))
        yield '.md`.\n'

blocks = {}
debug_info = '1=46&3=54&4=58&8=68&9=80&11=84&12=92&16=94&17=104&19=112&20=120&21=123&25=130&26=133&29=147&30=153&32=157&33=159&34=167&36=170&38=172&39=176&47=181&48=187&50=200&52=203&53=207&60=216&62=219&64=225&66=231&67=234&69=236&70=239&72=241&73=244&75=247&76=249&77=252&79=254&85=257&86=261&89=270&91=273&93=277&97=280&98=284&101=294&103=297&105=303&107=306&110=309&112=311&113=313&115=316&118=319&124=322&126=324&127=326'
