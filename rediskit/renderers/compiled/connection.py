"""Made by `make docs` from connection.md.j2."""

MADE_OF = "3.1.6 229bdc342d75f8e2d94991a10d611b17505fc19f2caddd8f3b881fc0eb6ededd"

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'connection.md.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_release = resolve('release')
    l_0_env = resolve('env')
    l_0_deployed = resolve('deployed')
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['replace']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'replace' found.")
    pass
    yield '# Connecting to '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield '\n\nFor those who run an application that uses the shared Redis of '
    yield str(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'cluster'))
    yield '.\n'
    if (not (undefined(name='deployed') if l_0_deployed is missing else l_0_deployed)):
        pass
        yield '\n**It is not deployed yet:** no client has reached the step `deploy`. The names below are those it will have.\n'
    yield '\n| what for | host | port |\n| --- | --- | --- |\n| everything, from a pod of the cluster | `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield '` | '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield ' |\n| reads that may be a moment behind, from a pod | `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_host'))
    yield '` | '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_port'))
    yield ' |\n'
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield '| everything, from '
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'), 'allow'), ', '))
        yield ' | `'
        yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'), 'address'))
        yield '` | '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
        yield ' |\n'
    yield '\n`'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'headless_service'))
    yield '` has the addresses of the pods themselves, for replication: an application that uses it writes to the replica\nhalf of the time, and is refused.\n\n## The password\n\nIt is in the Secret `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield '`, key `'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield '`, which has the same bytes in '
    l_1_loop = missing
    for l_1_namespace, l_1_loop in LoopContext(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'secret_namespaces'), undefined):
        _loop_vars = {}
        pass
        yield '`'
        yield str(l_1_namespace)
        yield '`'
        if (not environment.getattr(l_1_loop, 'last')):
            pass
            yield ', '
    l_1_loop = l_1_namespace = missing
    yield '. A pod\nreads the Secret of its own namespace only. In a container:\n\n```yaml\nenv:\n- name: REDIS_HOST\n  value: '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield '\n- name: REDIS_PORT\n  value: "'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield '"\n- name: REDIS_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
    yield '\n      key: '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield '\n```\n\nThe password is letters and digits, so it stands in a URL as it is: `redis://:$(REDIS_PASSWORD)@'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield ':'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield '`, in a variable\nthat comes **after** `REDIS_PASSWORD` in the list. There is no user name. A pod takes a changed Secret only when it starts anew.\n\n## Trying it\n\nFrom a pod of the cluster, with the password on no command line:\n\n```sh\nkubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' exec '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '-0 -c redis -- bash -c \'REDISCLI_AUTH="$(cat /opt/bitnami/redis/secrets/'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield ')" redis-cli -h '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_host'))
    yield ' -p '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
    yield " ping'\n```\n"
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield '\nFrom '
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'), 'allow'), ', '))
        yield ', for who may read the Secret:\n\n```sh\nexport REDISCLI_AUTH="$(kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' get secret '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'secret'))
        yield " -o 'jsonpath={.data."
        yield str(t_2(context.eval_ctx, environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'), '.', '\\.'))
        yield '}\' | base64 -d)"\nredis-cli -h '
        yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'), 'address'))
        yield ' -p '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'port'))
        yield ' ping\nunset REDISCLI_AUTH\n```\n'
    yield '\n`PONG` is the answer. `NOAUTH` means that no password was sent, `WRONGPASS` that it is another one: compare the Secret of your namespace with that of\n`'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield '`, and look for a newline at the end of yours.\n\n## Who is let in\n\n* Every pod of the cluster, with the password.\n'
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield '* '
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'), 'allow'), ', '))
        yield ', through the Service `'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'external_service'))
        yield '`, with the password. Nobody else from outside.\n'
    else:
        pass
        yield '* Nobody from outside the cluster.\n'
    yield '* The connection is not encrypted.\n\n## What it keeps and what it drops\n\n* It holds '
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'memory'), 'max'))
    yield ' at most. '
    if (environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'memory'), 'policy') == 'noeviction'):
        pass
        yield 'Then it refuses writes (`OOM command not allowed`): an application has to live with that.'
    elif context.call(environment.getattr(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'memory'), 'policy'), 'startswith'), 'volatile'):
        pass
        yield 'Then it drops keys that have an expiry (`'
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'memory'), 'policy'))
        yield '`), and refuses writes when none is left.'
    else:
        pass
        yield 'Then it drops keys, whether they have an expiry or not (`'
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'memory'), 'policy'))
        yield '`): nothing may live here alone that cannot be made anew.'
    yield '\n* All clients share that memory and one database space: begin your keys with the name of your application.\n'
    if environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'append_only'):
        pass
        yield '* Writes go to an append-only file every second: an orderly restart loses nothing, a crash up to a second of writes.\n'
    elif environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'save_points'):
        pass
        yield '* It is saved at '
        yield str(t_1(context.eval_ctx, environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'save_points'), ', '))
        yield ' (seconds and changes): a crash loses what came after the last save.\n'
    else:
        pass
        yield '* Nothing of it is kept on disk: a restart loses everything.\n'
    yield "* The replica copies a moment later. What was acknowledged and not yet copied is lost when the primary's volume is lost with its node.\n"
    if environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'disabled_commands'):
        pass
        yield '* These commands are switched off: '
        l_1_loop = missing
        for l_1_command, l_1_loop in LoopContext(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'disabled_commands'), undefined):
            _loop_vars = {}
            pass
            yield '`'
            yield str(l_1_command)
            yield '`'
            if (not environment.getattr(l_1_loop, 'last')):
                pass
                yield ', '
        l_1_loop = l_1_command = missing
        yield '. They answer `unknown command`.\n'
    yield '\n## How a client has to behave\n\n* **Reconnect by itself**, with a pause that grows (100 ms to a few seconds) and some jitter. A restart of the primary takes up to a minute; nobody is\n  promoted meanwhile, there is no Sentinel'
    if (undefined(name='deployed') if l_0_deployed is missing else l_0_deployed):
        pass
        yield ': a failover is done by hand ([failover.md](failover.md))'
    yield '.\n* **Connect anew on `READONLY`**: the connection leads to a pod that is a replica now. The name stays the same after a failover, so resolve it again.\n* Limits for time: 1 to 2 s to connect, 1 s for an answer. Without them a lost node holds your threads for minutes.\n* A pool of a few connections a process, with a check when a connection is taken from it that was idle for long.\n* No sentinel and no cluster mode in the client: one host, one port.\n'
    if environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'monitoring'), 'enabled'):
        pass
        yield '\n## Seeing it\n\nMetrics come from port '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'metrics_port'))
        yield ' of every pod, every '
        yield str(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'monitoring'), 'interval'))
        yield '. Connections of all clients: `redis_connected_clients{namespace="'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield '"}`; keys that were dropped for want of\nmemory: `rate(redis_evicted_keys_total{namespace="'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield '"}[5m])`.\n'

blocks = {}
debug_info = '1=27&3=29&4=31&11=35&12=39&13=43&14=46&17=53&22=55&28=71&30=73&34=75&35=77&38=79&46=83&48=93&50=96&53=98&54=104&60=109&65=111&66=114&74=122&77=138&79=141&80=144&85=150&86=154&92=166&97=170&101=173&102=179'
