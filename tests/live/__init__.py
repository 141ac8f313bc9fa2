"""The lab: the rendered configuration as real servers on loopback addresses, under traffic. Run it with `make test-live`.

What is real: redis-server (7.0 and 8.2) with the start scripts, probes and redis.conf that Helm renders from the chart and from our
values, redis_exporter, Prometheus with our rules and with the labels that prometheus-operator makes of our ServiceMonitor, redis-cli,
bash, git, and the rediskit command. Test doubles: `kubectl` (kubectl.py, over the objects and pods of cluster.py), the kubelet and the
StatefulSet controller (pods.py, cluster.py), kube-proxy (proxy.py). A pod is a group of processes with a loopback address of its own; the
paths of its volume mounts are replaced in its commands, scripts and arguments by folders, and its host names come from a file through
nss_wrapper. No root is needed.

A scenario is a test with the fixture `start`:

    def test_a_restart_loses_nothing(start: Start) -> None:
        lab = start("restart")                     # render, start primary, replica, exporters, Prometheus and the proxies
        with lab.writing() as writer:              # a client that logs every acknowledged write, through the Service of the primary
            lab.mark("kill")                       # a moment of the recording
            lab.primary.kill("redis")              # what goes wrong
            writer.wait_for_more()                 # a write was acknowledged after that
        outcome = lab.outcome(writer)              # acknowledged and lost writes, seconds without an acknowledged write
        assert outcome.lost == 0
        lab.record(outcome)                        # build/live/restart-8.2-bitnami.json: every scraped series, marks, figures, alerts

`start(name, version="7.0", profile="cloudpirates", config={...}, scrape=5, monitoring=False)` changes the Redis, the chart, the config
(merged over the lab's own), the scrape interval, or leaves Prometheus out. `lab.shell()` is a bash whose `kubectl`, `redis-cli` and `git`
are those of the lab; `lab.page("failover")` gives the `sh` blocks of a rendered page, and `shell.run(block)` executes one literally.
`lab.redis(lab.replica, "INFO")` asks a server, `lab.prometheus.query(expr)` asks Prometheus, `lab.prometheus.alerts()` lists the alerts,
`lab.prometheus.wait_for_firing(name, seconds)` waits for one. `lab.primary.containers["redis"].passes("livenessProbe")` runs a probe once;
`.pid` is the server's process id.

A recording is JSON: `scenario`, `redis`, `profile`, `interval` (seconds between scrapes), `started`, `ended`, `marks` (name: time),
`outcome`, `figures`, `alerts` (name: time at which it fired), `series` (a list of `metric`: labels, and `values`: pairs of time and text,
as Prometheus prints them). A series without a sample in an interval was stale in it.

The chart is that of the profile from `$REDISKIT_CHARTS` (default `../shared/charts`), else the one of tests/cluster/charts. With
LIVE_PROFILE, every scenario uses the chart of one profile.
"""
