"""Made by `make docs` from rotation.md.j2."""

MADE_OF = "3.1.6 a589b3bb9bd3e19c412646a2d6f9eb1150822c3c1e0ac3d86aeef41e7f125a69"

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'rotation.md.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_release = resolve('release')
    l_0_both = resolve('both')
    l_0_env = resolve('env')
    l_0_key = resolve('key')
    l_0_pods = resolve('pods')
    l_0_by_rotation = resolve('by_rotation')
    l_0_prefix = resolve('prefix')
    l_0_restarts = resolve('restarts')
    l_0_others = resolve('others')
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['lower']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'lower' found.")
    pass
    yield '# A new password for '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield '\n\nRedis reads its password when it starts, and so does an application. A changed Secret alone restarts neither; but after about a minute the probes\nof Redis read the new one from its file, are turned away, and the kubelet kills the pods at a moment that nobody chose.\n'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield 'In the order below nobody is turned away: until Redis restarts, as the last thing, it takes the old password **and** the new one. Only that restart\nis felt, up to a minute, as at any other time.\n'
    else:
        pass
        yield '`ACL` is among the disabled commands, so Redis cannot take two passwords for a while: **from step 4 until its restart each application is turned\naway.** Do it in a window.\n'
    yield '\nRun all of it in one shell (bash). The passwords are in its memory, on no command line and in no file:\n\n```sh\nset +o history\npassword() { kubectl -n "$1" get secret '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield " -o jsonpath='{.data."
    yield str((undefined(name='key') if l_0_key is missing else l_0_key))
    yield '}\' | base64 -d; }\nOLD="$(password '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ')"\n'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield 'each_redis() {   # the password that is taken now, a change\n  for pod in '
        yield str(t_1(context.eval_ctx, (undefined(name='pods') if l_0_pods is missing else l_0_pods), ' '))
        yield '; do\n    printf \'%s\\n%s\' "$1" "$2" | kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' exec -i "$pod" -c redis -- bash -c \'read -r REDISCLI_AUTH; export REDISCLI_AUTH; redis-cli -p '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
        yield " -x ACL SETUSER default'\n  done\n}\n"
    yield '```\n'
    if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation):
        pass
        yield '\n## 1. Hold the release\n\nThe same commit brings the new password and restarts Redis. The restart has to wait:\n\n```sh\n'
        if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
            pass
            yield 'for app in root release; do\n  kubectl -n '
            yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'argocd'), 'namespace'))
            yield ' patch application "'
            yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
            yield '-$app" --type merge -p \'{"spec":{"syncPolicy":{"automated":{"enabled":false}}}}\'\ndone\n'
        else:
            pass
            yield 'flux -n '
            yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
            yield ' suspend helmrelease '
            yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
            yield '\n'
        yield '```\n'
    yield '\n## '
    yield str((2 if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation) else 1))
    yield '. Make the new one\n\n'
    if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation):
        pass
        yield '```sh\nrediskit secret rotate config/'
        yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'name'))
        yield '.yaml\nrediskit render config/'
        yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'name'))
        yield '.yaml\ngit add --all && git commit -m "A new password for '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
        yield '" && git push\n```\n\nNothing of it is readable. The annotation `rediskit/rotation` says which password it is; it stands on the Secrets and, through the Helm values, on the\npods of Redis, which is why they restart.\n'
    elif (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'mode') == 'manual'):
        pass
        yield "```sh\nhead -c 1024 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9' | head -c 32 | rediskit secret apply config/"
        yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'name'))
        yield '.yaml --from-stdin --force\n```\n'
    elif environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'generate'):
        pass
        yield 'The operator makes another one when the Secret is gone; until then no pod that reads it can start. (It also does when somebody edits the Secret of\n`'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield '`: do not.)\n\n```sh\nkubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' delete secret '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
        yield '\n```\n'
    else:
        pass
        yield 'Put it into the store `'
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'store'), 'name'))
        yield '`, key `'
        yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'key'))
        yield '`'
        if environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'property'):
            pass
            yield ', property `'
            yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'property'))
            yield '`'
        yield ': letters and digits, 32 of them, no newline. The operator looks every '
        yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'refresh'))
        yield '; to have it look\nnow:\n\n```sh\nfor namespace in '
        yield str(t_1(context.eval_ctx, environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secret_namespaces'), ' '))
        yield '; do\n  kubectl -n "$namespace" annotate externalsecret '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
        yield ' force-sync="$(date +%s)" --overwrite\ndone\n```\n'
    yield '\n## '
    yield str((3 if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation) else 2))
    yield '. '
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield 'Have Redis take both'
    else:
        pass
        yield 'Wait for it'
    yield '\n\nStart this at once; it waits for the new Secret'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield ', and there is about a minute from then on'
    yield ':\n\n```sh\nuntil NEW="$(password '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ')" && [ -n "$NEW" ] && [ "$NEW" != "$OLD" ]; do sleep 1; done\n'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield 'each_redis "$OLD" ">$NEW"\n'
    if ((environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'mode') == 'external-secrets') and environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secrets'), 'generate')):
        pass
        def t_3(fiter):
            for l_1_namespace in fiter:
                if (l_1_namespace != environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace')):
                    yield l_1_namespace
        for l_1_namespace in t_3(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secret_namespaces')):
            _loop_vars = {}
            pass
            yield 'kubectl -n '
            yield str(l_1_namespace)
            yield ' annotate externalsecret '
            yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
            yield ' force-sync="$(date +%s)" --overwrite\n'
        l_1_namespace = missing
    yield 'for namespace in '
    yield str(t_1(context.eval_ctx, environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secret_namespaces'), ' '))
    yield '; do\n  until [ "$(password "$namespace")" = "$NEW" ]; do sleep 1; done\n  echo "$namespace has it"\ndone\n```\n'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield '\n`OK` for each pod. Was it too late, the pods restart by themselves and take the new password alone: go on with the applications.\n'
    yield '\n## '
    yield str((4 if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation) else 3))
    yield '. Restart the applications\n\n'
    if (undefined(name='restarts') if l_0_restarts is missing else l_0_restarts):
        pass
        yield '```sh\n'
        for l_1_client in (undefined(name='restarts') if l_0_restarts is missing else l_0_restarts):
            _loop_vars = {}
            pass
            yield 'kubectl -n '
            yield str(environment.getattr(l_1_client, 'namespace'))
            yield ' rollout restart '
            yield str(t_2(environment.getattr(environment.getattr(l_1_client, 'workload'), 'reference')))
            yield '\nkubectl -n '
            yield str(environment.getattr(l_1_client, 'namespace'))
            yield ' rollout status '
            yield str(t_2(environment.getattr(environment.getattr(l_1_client, 'workload'), 'reference')))
            yield ' --timeout=5m\n'
        l_1_client = missing
        yield '```\n\nNeither Argo CD nor Flux undoes that: it sets an annotation that no manifest names.\n'
    for l_1_client in (undefined(name='others') if l_0_others is missing else l_0_others):
        _loop_vars = {}
        pass
        yield '* `'
        yield str(environment.getattr(l_1_client, 'name'))
        yield '`, in namespace `'
        yield str(environment.getattr(l_1_client, 'namespace'))
        yield '`: restart whatever reads the Secret.\n'
    l_1_client = missing
    if ((not (undefined(name='restarts') if l_0_restarts is missing else l_0_restarts)) and (not (undefined(name='others') if l_0_others is missing else l_0_others))):
        pass
        yield 'None reads the Secret yet.\n'
    yield '\n## '
    yield str((5 if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation) else 4))
    yield '. Restart Redis\n\n```sh\n'
    if (not (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation)):
        pass
        yield 'kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' rollout restart statefulset/'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
        yield ' statefulset/'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
        yield '\n'
    elif (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
        pass
        yield 'for app in release root; do\n  kubectl -n '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'argocd'), 'namespace'))
        yield ' patch application "'
        yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
        yield '-$app" --type merge -p \'{"spec":{"syncPolicy":{"automated":{"enabled":true}}}}\'\ndone\nROTATION="$(kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' get secret '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
        yield ' -o jsonpath=\'{.metadata.annotations.rediskit/rotation}\')"\nfor part in '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
        yield ' '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
        yield '; do\n  until [ "$(kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' get statefulset "$part" -o jsonpath=\'{.spec.template.metadata.annotations.rediskit/rotation}\')" = "$ROTATION" ]; do sleep 2; done\ndone\n'
    else:
        pass
        yield 'flux -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' resume helmrelease '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
        yield '\n'
    yield 'kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' rollout status statefulset/'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield ' --timeout=5m\nkubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' rollout status statefulset/'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield ' --timeout=5m\n```\n\n'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield 'From here on the old password is worth nothing: what `ACL SETUSER` said is not kept over a restart.\n\n'
    yield '## '
    yield str((6 if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation) else 5))
    yield '. Look\n\n```sh\nfor pod in '
    yield str(t_1(context.eval_ctx, (undefined(name='pods') if l_0_pods is missing else l_0_pods), ' '))
    yield '; do\n  kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' exec "$pod" -c redis -- bash -c \'export REDISCLI_AUTH="$(cat /opt/bitnami/redis/secrets/'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield ')"; redis-cli -p '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
    yield ' ping; redis-cli -p '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
    yield ' INFO replication | grep -E "role|master_link_status"'
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield '; redis-cli -p '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
        yield ' ACL LOG 5'
    yield "'\ndone\nunset OLD NEW\nset -o history\n```\n\n`PONG` from each pod, `master_link_status:up` from a replica."
    if (undefined(name='both') if l_0_both is missing else l_0_both):
        pass
        yield ' An entry of `ACL LOG` names an application that still comes with the old password: restart it.'
    yield '\n\n## Back again\n\n'
    if (undefined(name='by_rotation') if l_0_by_rotation is missing else l_0_by_rotation):
        pass
        yield 'The old password is in the history of Git, encrypted: `git revert` of the commit in place of `rediskit secret rotate`, and otherwise the same steps. Was the\nold password seen by somebody, do not go back: rotate once more.\n'
    else:
        pass
        yield 'The old password is in `$OLD` until the last block. Later there is no way back to it: rotate once more.\n'

blocks = {}
debug_info = '1=33&5=35&17=42&18=46&19=48&21=51&22=53&27=58&34=61&36=64&39=71&44=77&46=79&48=82&49=84&50=86&55=88&57=91&59=93&61=96&64=98&67=105&71=117&72=119&77=122&80=131&83=135&84=137&87=140&88=142&89=150&92=156&97=158&102=162&104=164&106=167&107=171&108=175&114=181&115=185&117=190&121=194&124=196&125=199&126=205&128=208&130=212&131=216&132=220&135=225&137=230&138=234&141=238&145=242&148=244&149=246&155=260&160=264'
