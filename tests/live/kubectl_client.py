"""The program `kubectl` of the lab, which asks the process of the lab."""

CLIENT = """\
#!/usr/bin/python3 -IS
import json, os, socket, sys
arguments = {first!r} + sys.argv[1:]
file = any(pair in (("-f", "-"), ("--filename", "-")) for pair in zip(arguments, arguments[1:]))
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    asked = {{"arguments": arguments, "folder": os.getcwd(), "stdin": sys.stdin.read() if file else ""}}
    connection.sendall(json.dumps(asked).encode() + b"\\n")
    answer = json.loads(connection.makefile().read())
sys.stdout.write(answer.get("stdout", ""))
sys.stderr.write(answer.get("stderr", ""))
sys.stdout.flush()
sys.stderr.flush()
if "exec" in answer:
    if not answer["interactive"]:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.chdir(answer["folder"])
    os.execvpe(answer["exec"][0], answer["exec"], answer["environment"])
sys.exit(answer["code"])
"""
