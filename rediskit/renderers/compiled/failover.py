"""Made by `make docs` from failover.md.j2."""

MADE_OF = "3.1.6 579806707328369e331f2fcaf1ffd82746669f50cb6fa8201efc8494eeba55ac"

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'failover.md.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_release = resolve('release')
    l_0_env = resolve('env')
    l_0_prefix = resolve('prefix')
    pass
    yield '# Failover of '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
    yield ' by hand\n\nThere is no Sentinel: nobody promotes the replica but you. Read the whole page before the first command. The order is what keeps data:\n**a primary that comes back empty wipes its replicas**, because they copy whatever it has.\n\n| what | name |\n| --- | --- |\n| primary | StatefulSet `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '`, pod `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '-0`, volume `'
    yield str(environment.getitem(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'volume_claims'), 0))
    yield '` |\n| replica | StatefulSet `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '`, pod `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '-0`, volume `'
    yield str(environment.getitem(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'volume_claims'), 1))
    yield '` |\n| clients write to | Service `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_service'))
    yield '`'
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield ' and, from outside, `'
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'external_service'))
        yield '`'
    yield ' |\n\nTwo words for what follows, so that no password stands on a command line:\n\n```sh\nprimary() { kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' exec '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '-0 -c redis -- bash -c \'REDISCLI_AUTH="$(cat /opt/bitnami/redis/secrets/'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield ')" redis-cli "$@"\' -- "$@"; }\nreplica() { kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' exec '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '-0 -c redis -- bash -c \'REDISCLI_AUTH="$(cat /opt/bitnami/redis/secrets/'
    yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'auth'), 'key'))
    yield ')" redis-cli "$@"\' -- "$@"; }\n```\n\n## When not to\n\n* The primary\'s pod is only restarting: wait. It reads its own volume and the replica follows it again.\n* The node comes back within the hour and clients can wait: the volume is bound to that node and nothing is lost.\n\n## Promote the replica\n\n1. **Stop the GitOps tool**, or it undoes every step below within seconds.\n'
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
        pass
        yield '\n   ```sh\n   for app in root release'
        if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
            pass
            yield ' redis-external'
        yield '; do\n     kubectl -n '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'argocd'), 'namespace'))
        yield ' patch application "'
        yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
        yield '-$app" --type merge -p \'{"spec":{"syncPolicy":{"automated":{"enabled":false}}}}\'\n   done\n   ```\n\n   The root goes first: it would switch the others on again.\n'
    else:
        pass
        yield '\n   ```sh\n   flux -n '
        yield str(environment.getattr(environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'flux'), 'namespace'))
        yield ' suspend kustomization '
        yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
        yield '-root '
        yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
        yield '-release'
        if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
            pass
            yield ' '
            yield str((undefined(name='prefix') if l_0_prefix is missing else l_0_prefix))
            yield '-redis-external'
        yield '\n   flux -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' suspend helmrelease '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'name'))
        yield '\n   ```\n'
    yield '2. **Look at the replica.** It must hold data and say for how long it has been alone.\n\n   ```sh\n   replica INFO replication      # role:slave, master_link_down_since_seconds\n   replica DBSIZE\n   ```\n\n3. **Copy its data away first.**\n\n   ```sh\n   replica BGSAVE\n   replica INFO persistence      # until rdb_bgsave_in_progress:0\n   kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' cp -c redis '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '-0:/data/dump.rdb ./dump.rdb\n   ```\n\n4. **Fence the primary**, so that it cannot come back by itself. Never set `master.count: 0`: that removes its Service too.\n\n   ```sh\n   kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' scale statefulset '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield ' --replicas=0\n   kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' wait --for=delete pod/'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '-0 --timeout=2m\n   ```\n\n   If the node is gone, the pod stays Terminating: make sure the node is really off before you go on.\n5. **Promote.**\n\n   ```sh\n   replica REPLICAOF NO ONE\n   ```\n\n6. **Send the clients there.**\n\n   ```sh\n   for service in '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_service'))
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield ' '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'external_service'))
    yield '; do\n     kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' patch service "$service" -p \'{"spec":{"selector":{"app.kubernetes.io/component":"replica"}}}\'\n   done\n   ```\n\n'
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'replicas') > 1):
        pass
        yield '   Services of role `replica` select **all** replicas: scale them to one first (`kubectl -n '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
        yield ' scale statefulset '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
        yield ' --replicas=1`).\n'
    yield '7. **Watch.** `REPLICAOF NO ONE` lasts until the container restarts: a restart of `'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '-0` makes it a replica of the primary again. Fail back soon.\n\n## Fail back\n\n1. Start the primary while the Services still point at the replica: `kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' scale statefulset '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield ' --replicas=1`\n2. Let it copy from the promoted replica. **Not the other way round.**\n\n   ```sh\n   primary REPLICAOF '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'replicas_statefulset'))
    yield '-0.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'headless_service'))
    yield '.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield '.svc.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'cluster_domain'))
    yield ' '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
    yield '\n   primary INFO replication      # until master_link_status:up, and the offsets are equal\n   primary DBSIZE; replica DBSIZE\n   ```\n\n3. Hold writes for half a minute, then turn the roles around:\n\n   ```sh\n   replica CLIENT PAUSE 30000 WRITE\n   primary REPLICAOF NO ONE\n   ```\n\n4. Send the clients back.\n\n   ```sh\n   for service in '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_service'))
    if environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'network'):
        pass
        yield ' '
        yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'external_service'))
    yield '; do\n     kubectl -n '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield ' patch service "$service" -p \'{"spec":{"selector":{"app.kubernetes.io/component":"master"}}}\'\n   done\n   ```\n\n5. Only now make the replica a replica again: before step 3 it would have copied an empty primary.\n\n   ```sh\n   replica REPLICAOF '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'primary_statefulset'))
    yield '-0.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'headless_service'))
    yield '.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'namespace'))
    yield '.svc.'
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'cluster_domain'))
    yield ' '
    yield str(environment.getattr((undefined(name='release') if l_0_release is missing else l_0_release), 'container_port'))
    yield '\n   replica INFO replication      # role:slave, master_link_status:up\n   ```\n\n6. Start the GitOps tool again (the same commands with '
    if (environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'gitops'), 'tool') == 'argocd'):
        pass
        yield '`"enabled":true`'
    else:
        pass
        yield '`resume`'
    yield "), and look that it finds nothing to change.\n\n## A primary with an empty volume\n\nScale **both** StatefulSets to 0 before anything starts. Put the saved `dump.rdb` into the primary's volume. With the append-only file on, Redis does not read\n`dump.rdb` when there is no append-only file: start the primary once with `appendonly no` (under `redis.values.commonConfiguration`), check `DBSIZE`, run\n`primary CONFIG SET appendonly yes`, wait for the rewrite, then set the config back. Start the replica last.\n\n## What was lost\n\nReplication is asynchronous: what the primary had acknowledged in its last moments and not yet sent is gone after a promotion."
    if environment.getattr(environment.getattr((undefined(name='env') if l_0_env is missing else l_0_env), 'redis'), 'append_only'):
        pass
        yield ' Without one, a crash of the\nprimary loses up to a second of writes (append-only file, synced every second).'
    yield '\n'

blocks = {}
debug_info = '1=15&8=17&9=23&10=29&15=37&16=43&27=49&30=52&31=56&39=63&41=75&56=80&62=84&63=88&76=92&77=98&81=100&82=103&84=108&88=110&92=114&107=124&108=130&115=132&119=142&129=149'
