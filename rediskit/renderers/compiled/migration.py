"""Made by `make docs` from migration.md.j2."""

MADE_OF = "3.1.6 29eb3f0af0f7c3f9d0e3f7d2c741b173b2bc4607c47cad931e1cdb9fb09d1e8d"

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'migration.md.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_client = resolve('client')
    l_0_release = resolve('release')
    l_0_env = resolve('env')
    l_0_config = resolve('config')
    l_0_tool = resolve('tool')
    l_0_polling = resolve('polling')
    l_0_carrier = resolve('carrier')
    l_0_owner_side = resolve('owner_side')
    l_0_variables = resolve('variables')
    l_0_prepared = resolve('prepared')
    l_0_pages = resolve('pages')
    l_0_rollback = resolve('rollback')
    l_0_forward = resolve('forward')
    l_0_release_timeout = resolve('release_timeout')
    l_0_describe = resolve('describe')
    l_0_shell = missing
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['map']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'map' found.")
    try:
        t_3 = environment.filters['unique']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'unique' found.")
    pass
    def macro(l_1_commands):
        t_4 = []
        if l_1_commands is missing:
            l_1_commands = undefined("parameter 'commands' was not provided", name='commands')
        pass
        t_4.append(
            '```sh\n',
        )
        for l_2_command in l_1_commands:
            _loop_vars = {}
            pass
            t_4.extend((
                str(l_2_command),
                '\n',
            ))
        l_2_command = missing
        t_4.append(
            '```',
        )
        return concat(t_4)
    context.exported_vars.add('shell')
    context.vars['shell'] = l_0_shell = Macro(environment, macro, 'shell', ('commands',), False, False, False, context.eval_ctx.autoescape)
    yield '# Moving '
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'))
    yield ' onto '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield '\n\n`'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'reference'))
    yield '` in namespace `'
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'namespace'))
    yield '` leaves `'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'host'))
    yield ':'
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'port'))
    yield '` for\n`'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield ':'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield '`, with the password from Secret `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield '`, key `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield '`. Nothing is copied: the\napplication begins with an empty Redis. `rediskit migrate status '
    yield str((undefined(name='config') if l_0_config is missing else l_0_config))
    yield '` says where it stands, which gate is shut and why;\n`rediskit migrate plan '
    yield str((undefined(name='config') if l_0_config is missing else l_0_config))
    yield '` shows every change beforehand.\n\nEach step is one commit that changes what one repository applies. '
    yield str((undefined(name='tool') if l_0_tool is missing else l_0_tool))
    yield ' takes '
    yield str((undefined(name='polling') if l_0_polling is missing else l_0_polling))
    yield ' to see a commit by itself: every\nstep below therefore ends with a refresh. Two words for what follows, which nobody here can know:\n\n```sh\nexport OWNER_DIR=...   # the folder of the outermost overlay, in a checkout of the repository that builds '
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'reference'))
    yield '\nexport OWNER_APP=...   # the '
    yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
    yield " that applies it\n```\n\n## Before the window\n\n* On the owner's side "
    yield str((undefined(name='owner_side') if l_0_owner_side is missing else l_0_owner_side))
    yield '; at `prepare` that changes nothing.\n* Its base says `replicas: '
    yield str(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'workload'), 'replicas'))
    yield '` itself: after a rollback nothing of ours says it.\n'
    if environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'):
        pass
        yield '* Its '
        yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
        yield ' prunes, or '
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'), ' and '))
        yield ' stay at `decommission`.\n'
    yield '* A mended commit gets through: '
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
        pass
        yield 'its Application has `syncPolicy.retry.refresh: true`, or one that is refused keeps the next ones out for minutes'
    else:
        pass
        yield 'its Kustomization has `timeout: 1m`, or one whose pods never become ready keeps the next ones out for longer'
    yield '.\n* The window is agreed on, and stands under `migration.window`; it has room for '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'migration'), 'budgets'), 'downtime'))
    yield ' of downtime.\n* The Secret is the same in both namespaces. The application reads '
    yield str(t_1(context.eval_ctx, t_2(context, t_2(context, t_3(environment, (undefined(name='variables') if l_0_variables is missing else l_0_variables)), 'tojson'), 'replace', '"', '`'), ', '))
    yield '.\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), (undefined(name='prepared') if l_0_prepared is missing else l_0_prepared)))
    yield '\n'
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'mode') == 'manual'):
        pass
        yield "\nGit does not show it, so somebody's word is recorded:\n\n"
        yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), [str_join(('rediskit migrate record ', (undefined(name='config') if l_0_config is missing else l_0_config), ' --client ', environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'), ' --secret-seen', ))]))
        yield '\n'
    yield '\n## The steps\n'
    l_1_loop = missing
    for l_1_page, l_1_loop in LoopContext((undefined(name='pages') if l_0_pages is missing else l_0_pages), undefined):
        _loop_vars = {}
        pass
        yield '\n### '
        yield str(environment.getattr(l_1_loop, 'index'))
        yield '. '
        yield str(environment.getattr(l_1_page, 'step'))
        yield '\n\nThen '
        yield str(environment.getattr(l_1_page, 'meaning'))
        yield '.\nWhat changes is applied from **'
        yield str(environment.getitem({'ours': 'this repository', 'owner': "the owner's repository", 'none': 'no repository: it only records'}, environment.getattr(l_1_page, 'repository')))
        yield '**.\n'
        if (environment.getattr(l_1_page, 'step') == 'decommission'):
            pass
            yield '\n**The point of no return.** '
            if environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'):
                pass
                yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'remove'), ', '))
                yield " leave the owner's build"
                if (environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'data') == 'keep'):
                    pass
                    yield '; the data stays on its volume'
                yield '.'
            else:
                pass
                yield 'Nothing is named under `previous.remove`: the old Redis stays until its owner removes it.'
            yield ' No rollback leads back from here.\n'
        if (environment.getattr(l_1_page, 'step') == 'scale-up'):
            pass
            yield '\nFrom here on a rollback loses what the application writes to the shared Redis.\n'
        yield '\nBefore: '
        yield str((environment.getattr(l_1_page, 'before') or 'nothing'))
        yield '.\n\n'
        yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), ((environment.getattr(l_1_page, 'advance') + environment.getattr(l_1_page, 'publish')) + environment.getattr(l_1_page, 'owner')), _loop_vars=_loop_vars))
        yield '\n'
        if environment.getattr(l_1_page, 'look'):
            pass
            yield '\nLook: '
            yield str(environment.getattr(l_1_page, 'seen'))
            yield '.\n\n'
            yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), environment.getattr(l_1_page, 'look'), _loop_vars=_loop_vars))
            yield '\n'
        else:
            pass
            yield '\nLook: '
            yield str(environment.getattr(l_1_page, 'seen'))
            yield '.\n'
        if (environment.getattr(l_1_page, 'step') == 'validate'):
            pass
            yield '\n| criterion | where to see it |\n| --- | --- |\n| no crashes or restarts | `kubectl -n '
            yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'namespace'))
            yield ' get pods`: the column RESTARTS |\n| no Redis connection errors | the application\'s logs, searched for `ECONN`, `NOAUTH`, `WRONGPASS`, `timeout` |\n| stable connections | Prometheus: `redis_connected_clients{namespace="'
            yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
            yield '"}` |\n| functions verified | log in, keep a session, see the cache fill: `DBSIZE` grows |\n| no reports from users | whoever hears them |\n| p95 below 10 ms | the application\'s own figures, or `redis-benchmark -t set,get -n 100000 -c 50` from a pod |\n'
        yield '\nWay back: '
        yield str(environment.getattr(l_1_page, 'way_back'))
        yield '.\n'
    l_1_loop = l_1_page = missing
    yield "\n## When something is wrong\n\nFrom `scale-down` to `validate` one commit in the owner's repository leads back to the old Redis, which runs all the time:\n\n"
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), ((environment.getattr((undefined(name='rollback') if l_0_rollback is missing else l_0_rollback), 'advance') + environment.getattr((undefined(name='rollback') if l_0_rollback is missing else l_0_rollback), 'publish')) + environment.getattr((undefined(name='rollback') if l_0_rollback is missing else l_0_rollback), 'owner'))))
    yield '\n\nThen look: '
    yield str(environment.getattr((undefined(name='rollback') if l_0_rollback is missing else l_0_rollback), 'seen'))
    yield '.\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), environment.getattr((undefined(name='rollback') if l_0_rollback is missing else l_0_rollback), 'look')))
    yield '\n\nThe shared Redis stays, so that the next attempt begins at `scale-down`:\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), (undefined(name='forward') if l_0_forward is missing else l_0_forward)))
    yield '\n\n### Redis does not become ready\n\nAfter `deploy` a pod of '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield ' stays `Pending`, or starts again and again.\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), [str_join(('kubectl -n ', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'), ' get pods,pvc', )), str_join(('kubectl -n ', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'), ' describe pods --selector app.kubernetes.io/instance=', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'), ))]))
    yield '\n\nMend the config, `rediskit render`, commit.'
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'flux'):
        pass
        yield ' Flux takes the new commit when its waits for the broken one have ended: '
        yield str((undefined(name='release_timeout') if l_0_release_timeout is missing else l_0_release_timeout))
        yield ' at most for the Kustomization, and '
        yield str((undefined(name='release_timeout') if l_0_release_timeout is missing else l_0_release_timeout))
        yield ' for the release.'
    yield ' A StatefulSet never replaces a pod that\nhas not once been ready, although its template is the new one: delete that pod, its volume stays.\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), [str_join(('kubectl -n ', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'), ' delete pod ', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'), '-0   # or ', environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'), '-0', ))]))
    yield '\n\n### The application does not start\n\nAfter `scale-up` its pods do not become ready.\n\n'
    yield str(context.call((undefined(name='shell') if l_0_shell is missing else l_0_shell), [(undefined(name='describe') if l_0_describe is missing else l_0_describe)]))
    yield '\n\n| what is said | what it means |\n| --- | --- |\n| `CreateContainerConfigError`, secret `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield '` not found | the Secret is not in namespace `'
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'namespace'))
    yield '`: make it there, nothing else is needed |\n| `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield '` not found in the Secret | the Secret has another key |\n| the pod runs and is never ready | the next section |\n| no pod at all | the '
    yield str((undefined(name='carrier') if l_0_carrier is missing else l_0_carrier))
    yield ' has not applied the commit: refresh it, and look at its error |\n\nIf it is not found within what is left of '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'migration'), 'budgets'), 'downtime'))
    yield ', roll back: nothing is lost but what was written since.\n\n### It starts, with errors\n\n| in its log | what it means |\n| --- | --- |\n| `NOAUTH` | the container does not read the password: look at its variables |\n| `WRONGPASS` | the two Secrets differ: compare them as above; pods read a Secret only when they start |\n| `ENOTFOUND`, `Name or service not known` | the host is not `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield "` |\n| `ECONNREFUSED`, timeouts | Redis is not ready, or the NetworkPolicy does not let this namespace in |\n| a port like `tcp://10.43.0.1:6379` | the port's variable is gone, and Kubernetes put that of a Service in its place |\n| `READONLY` | it talks to the replica: the host is the wrong Service |\n| `OOM command not allowed` | the memory is full, and the policy drops nothing |\n\nRoll back first, unless it is mended within the budget; look for the reason afterwards.\n\n### The 24 hours fail\n\nA criterion does not hold: say so (`rediskit migrate record "
    yield str((undefined(name='config') if l_0_config is missing else l_0_config))
    yield ' --client '
    yield str(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'name'))
    yield ' --not latency`), and roll back. Lost is what the application wrote to the shared Redis\nsince `scale-up`: sessions and cache begin as they were at `scale-down`. After `decommission` there is no rollback: `rediskit migrate back` brings\nthe old objects back'
    if (environment.getattr(environment.getattr((undefined(name='client') if l_0_client is missing else l_0_client), 'previous'), 'data') != 'keep'):
        pass
        yield ', empty'
    yield '.\n'

blocks = {}
debug_info = '1=45&3=53&4=57&8=68&10=72&11=80&12=88&13=90&15=92&19=96&20=98&25=100&26=102&27=104&28=107&30=112&31=119&32=121&34=123&35=125&39=128&43=132&45=136&47=140&48=142&49=144&51=147&53=159&58=163&60=165&61=167&63=170&65=172&68=177&70=179&74=182&76=184&82=187&89=191&91=193&93=195&97=197&101=199&103=201&105=203&108=211&114=213&118=215&119=219&121=221&123=223&131=225&141=227&143=231'
