"""Places of passwords in a workload: data for tests and for `make attack`.

Each place is a fragment of a container, a Pod or a whole object; `PASSWORDS` replace its mark `@@`.
"""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from typing import Any

from tests.init.live import Object, container, workload

MARK = "@@"
"""Replaced by the password."""
PASSWORDS: dict[str, str] = {
    "short": "Xq7vZ2",
    "hexadecimal": "9f86d081884c7d659a2feaa0c55ad015",
    "with blanks": "zebra Quartz violin",
    "long": "aB3xY9kLm2Qw8ErT5uZ7cD4fG6hJ8kN0pR2sV4wX",
    "digits": "8675309421",
    "lower case": "zyxquartzvqj",
}

_VARIABLES: dict[str, str] = {
    "REDIS_PASSWORD": "@@",
    "DB_PW": "@@",
    "APP_CREDS": "@@",
    "GREETING": "@@",
    "PIN": "@@",
    "ConnectionStrings__Default": "Server=db,1433;Database=shop;User Id=sa;Password=@@;Encrypt=True",
    "ADO_NET": "server=db;uid=shop;pwd=@@;",
    "LIBPQ": "host=db user=shop password=@@ dbname=shop",
    "LIBPQ_QUOTED": "host=db user=shop password='@@'",
    "JDBC_URL": "jdbc:postgresql://db/shop?user=shop&password=@@",
    "JDBC_SQLSERVER": "jdbc:sqlserver://db:1433;user=sa;password=@@;encrypt=true",
    "JDBC_ORACLE": "jdbc:oracle:thin:shop/@@@db:1521/shop",
    "DSN": "shop:@@@tcp(db:3306)/shop",
    "SENTRY_DSN": "https://@@@sentry.example.com/1",
    "DATABASE_URL": "postgres://shop:@@@db/shop",
    "AMQP_URL": "amqp://guest:@@@rabbit:5672//",
    "MONGO_URI": "mongodb+srv://shop:@@@db.example.com/shop?retryWrites=true",
    "SMTP": "smtp://mailer:@@@mail:587",
    "REDIS_URL": "redis://:@@@redis:6379/0",
    "CELERY_BROKER_URL": "redis://default:@@@redis:6379/1?ssl_cert_reqs=none",
    "REDIS_URL_QUERY": "redis://redis:6379/0?password=@@",
    "CACHE_URL": "redis://redis:6379/@@",
    "RAILS_CACHE": "redis_cache_store,url:redis://redis:6379,password:@@",
    "STACKEXCHANGE": "redis:6379,password=@@,ssl=False",
    "JEDIS": "redis:6379:@@",
    "AZURE_STORAGE": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=@@;EndpointSuffix=core.windows.net",
    "SERVICE_BUS": "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=@@",
    "SAS_URL": "https://shop.blob.core.windows.net/c?sv=2022&sig=@@",
    "PRESIGNED": "https://s3.example.com/f?X-Amz-Credential=a&X-Amz-Signature=@@",
    "AUTHORIZATION": "Bearer @@",
    "BASIC": "Basic @@",
    "HEADERS": "x-api-key: @@",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=@@",
    "NPM_CONFIG": "//npm.example.org/:_authToken=@@",
    "NETRC": "machine example.com login shop password @@",
    "PGPASS": "db:5432:shop:shop:@@",
    "HTPASSWD": "shop:@@",
    "CONFIG_JSON": '{"db": {"password": "@@"}}',
    "CONFIG_JSON_LIST": '[{"name": "token", "value": "@@"}]',
    "CONFIG_YAML": "db:\n  password: @@\n",
    "CONFIG_TOML": '[db]\npassword = "@@"\n',
    "CONFIG_INI": "[db]\npassword=@@\n",
    "CONFIG_PROPERTIES": "spring.redis.password=@@\n",
    "CONFIG_XML": "<connection password='@@'/>",
    "DOCKER_AUTH": '{"auths": {"registry.example.com": {"auth": "@@"}}}',
    "JAVA_OPTS": "-Xmx1g -Dspring.redis.password=@@ -Dx=y",
    "JAVA_TOOL_OPTIONS": "-Djavax.net.ssl.trustStorePassword=@@",
    "NODE_OPTIONS": "--require ./x.js --token=@@",
    "REDIS_ARGS": "--requirepass @@",
    "RABBITMQ_ARGS": "-rabbit default_pass @@",
    "REDIS_CONF": "requirepass @@\nmasterauth @@\n",
    "ACL": "user app on >@@ ~* +@all",
    "SCRIPT": "export PGPASSWORD=@@; exec app",
    "URL_OF_SLACK": "https://hooks.slack.com/services/T0/B0/@@",
    "WEBHOOK": "https://discord.com/api/webhooks/1/@@",
    "GIT_REMOTE": "https://oauth2:@@@git.example.com/shop.git",
    "LDAP_BIND": "cn=admin,dc=example,dc=com%@@",
    "KAFKA_JAAS": "org.apache.kafka.common.security.plain.PlainLoginModule required username='a' password='@@';",
    "ODBC": "Driver={x};Server=db;Uid=a;Pwd={@@};",
    "ERLANG_COOKIE": "@@",
    "SALT": "@@",
    "SEED": "@@",
    "MESSAGE": "before @@ behind",
    "PERCENT": "%40@@%40",
}
_CONTAINERS: dict[str, Object] = {
    "argument after its option": {"args": ["--requirepass", "@@"]},
    "argument with its option": {"args": ["--redis-password=@@"]},
    "single argument": {"args": ["@@"]},
    "short option": {"args": ["-p@@"]},
    "argument that is a URL": {"args": ["redis://:@@@redis:6379"]},
    "option of a URL": {"args": ["--redis-url=redis://redis:6379?auth=@@"]},
    "unknown option of a URL": {"args": ["--redis-url=redis://redis:6379/0?token=@@"]},
    "connection string": {"args": ["--redis=redis:6379,pwd=@@"]},
    "unknown option of a connection string": {"args": ["--redis=redis:6379,ssl=false,abortKey=@@"]},
    "user in a connection string": {"args": ["--redis=redis:6379,user=@@"]},
    "system property": {"args": ["-Dredis.password=@@", "-jar", "app.jar"]},
    "command of redis-cli": {"command": ["sh", "-c", "until redis-cli -h redis -a @@ ping; do sleep 1; done; exec app"]},
    "command with an assignment": {"command": ["sh", "-c", "export DB_PASSWORD=@@; exec app"]},
    "command with curl": {"command": ["sh", "-c", "curl -u shop:@@ https://example.com"]},
    "command with a here document": {"command": ["sh", "-c", "cat > /c <<E\npassword: @@\nE\nexec app"]},
    "command with mysql": {"command": ["mysql", "-h", "db", "-p@@"]},
    "probe command": {"livenessProbe": {"exec": {"command": ["redis-cli", "-a", "@@", "ping"]}}},
    "probe command in a shell": {"readinessProbe": {"exec": {"command": ["sh", "-c", "redis-cli -h redis --pass @@ ping"]}}},
    "probe header": {"livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": "X-Api-Key", "value": "@@"}]}}},
    "probe header of an innocent name": {"startupProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "X-A", "value": "@@"}]}}},
    "probe path": {"readinessProbe": {"httpGet": {"path": "/health?token=@@", "port": 80}}},
    "probe host": {"readinessProbe": {"tcpSocket": {"host": "@@", "port": 80}}},
    "hook after start": {"lifecycle": {"postStart": {"exec": {"command": ["login", "--token", "@@"]}}}},
    "hook before stop": {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "redis-cli -a @@ shutdown"]}}}},
    "hook that is a request": {"lifecycle": {"preStop": {"httpGet": {"path": "/stop?key=@@", "port": 80}}}},
    "image": {"image": "registry.example.com/shop:@@"},
    "user of the registry": {"image": "shop:@@@registry.example.com/shop"},
    "working directory": {"workingDir": "/srv/@@"},
    "message path": {"terminationMessagePath": "/dev/@@"},
    "mount path": {"volumeMounts": [{"name": "a", "mountPath": "/run/@@"}]},
    "sub-path expression": {"volumeMounts": [{"name": "a", "mountPath": "/a", "subPathExpr": "$(X)/@@"}]},
    "name of a port": {"ports": [{"containerPort": 80, "name": "@@"}]},
    "SELinux level": {"securityContext": {"seLinuxOptions": {"level": "@@"}}},
    "default of a variable's source": {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['@@']"}}}]},
    "key of a ConfigMap": {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "@@"}}}]},
    "key of a Secret": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "@@"}}}]},
    "unknown field": {"x-password": "@@"},
}
_PODS: dict[str, Object] = {
    "options of a CSI volume": {"volumes": [{"name": "a", "csi": {"driver": "smb.csi.k8s.io", "volumeAttributes": {"password": "@@"}}}]},
    "options of a flex volume": {"volumes": [{"name": "a", "flexVolume": {"driver": "x/cifs", "options": {"mountOptions": "pass=@@"}}}]},
    "path of a host volume": {"volumes": [{"name": "a", "hostPath": {"path": "/srv/@@"}}]},
    "share of an NFS volume": {"volumes": [{"name": "a", "nfs": {"server": "x", "path": "/@@"}}]},
    "keyring of an RBD volume": {"volumes": [{"name": "a", "rbd": {"monitors": ["a"], "image": "b", "keyring": "@@"}}]},
    "repository of a Git volume": {"volumes": [{"name": "a", "gitRepo": {"repository": "https://x:@@@example.com/a.git"}}]},
    "path of a projected item": {"volumes": [{"name": "a", "configMap": {"name": "a", "items": [{"key": "a", "path": "@@"}]}}]},
    "host alias": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["@@"]}]},
    "host name": {"hostname": "@@"},
    "search domain": {"dnsConfig": {"searches": ["@@"]}},
    "option of the resolver": {"dnsConfig": {"options": [{"name": "a", "value": "@@"}]}},
    "node selector": {"nodeSelector": {"example.com/a": "@@"}},
    "toleration": {"tolerations": [{"key": "a", "operator": "Equal", "value": "@@"}]},
    "kernel parameter": {"securityContext": {"sysctls": [{"name": "a", "value": "@@"}]}},
    "scheduler": {"schedulerName": "@@"},
    "variable of an init container": {"initContainers": [container("wait", WAIT="@@")]},
    "command of an init container": {"initContainers": [{**container("wait"), "command": ["sh", "-c", "redis-cli -a @@ ping"]}]},
    "variable of an ephemeral container": {"ephemeralContainers": [container("debug", TOKEN="@@")]},
    "variable of a sidecar": {"containers": [container("app", REDIS_HOST="redis", REDIS_PORT="6379"), container("b", URL="x://a:@@@b")]},
}
_OBJECTS: dict[str, Object] = {
    "annotation": {"metadata": {"annotations": {"example.com/api-key": "@@"}}},
    "annotation of an innocent name": {"metadata": {"annotations": {"note": "the password is @@"}}},
    "name of an annotation": {"metadata": {"annotations": {"example.com/@@": "x"}}},
    "label": {"metadata": {"labels": {"key": "@@"}}},
    "last applied": {
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"spec": {"x": "requirepass @@"}}'}}
    },
    "managed fields": {"metadata": {"managedFields": [{"manager": "@@"}]}},
    "generated name": {"metadata": {"generateName": "@@"}},
    "finalizer": {"metadata": {"finalizers": ["example.com/@@"]}},
    "annotation of the Pods": {"spec": {"template": {"metadata": {"annotations": {"vault.example.com/token": "@@"}}}}},
    "label of the Pods": {"spec": {"template": {"metadata": {"labels": {"key": "@@"}}}}},
    "selector": {"spec": {"selector": {"matchLabels": {"key": "@@"}}}},
    "status": {"status": {"conditions": [{"type": "A", "message": "login with @@ failed"}]}},
    "unknown section": {"extra": {"password": "@@"}},
}


def _filled(value: Any, password: str) -> Any:
    if isinstance(value, dict):
        return {_filled(key, password): _filled(inner, password) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, password) for inner in value]
    return value.replace(MARK, password) if isinstance(value, str) else value


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}
    return over


def _application(*more: Object) -> Object:
    """Return an application that uses the old Redis, with further entries of `env`."""
    app = container("app", REDIS_HOST="redis", REDIS_PORT="6379")
    app["env"] += more
    return workload(app)


def _places() -> dict[str, Object]:
    places = {f"variable {name}": _application({"name": name, "value": value}) for name, value in _VARIABLES.items()}
    for name, change in _CONTAINERS.items():
        obj = _application()
        app = obj["spec"]["template"]["spec"]["containers"][0]
        app.update({**change, "env": [*app["env"], *change.get("env", [])]})
        places[name] = obj
    for name, change in _PODS.items():
        places[name] = _merged(_application(), {"spec": {"template": {"spec": change}}})
    for name, change in _OBJECTS.items():
        places[name] = _merged(_application(), change)
    return places


PLACES: dict[str, Object] = _places()
"""Name to a workload with the mark at one place."""


def planted(place: str, password: str) -> Object:
    """Return the workload of a place with a password."""
    filled: Object = _filled(copy.deepcopy(PLACES[place]), password)
    return filled


def forms(password: str) -> set[str]:
    """Return the forms of a password that must not be written: plain, in base64, in JSON and in URLs."""
    raw = password.encode()
    return {password, b64encode(raw).decode(), json.dumps(password)[1:-1], password.replace(" ", "%20"), raw.hex()}
