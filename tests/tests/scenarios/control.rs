//! What tests ask of the tool through its socket, beside each other.

use e2e_tests::{Repo, here_and_over_ssh};
use indoc::indoc;

/// Many commands run in a service for as long as they may; something short is asked beside them,
/// and then their container is killed.
const MANY: &str = r"import json, os, socket
def session():
    control = socket.socket(socket.AF_UNIX)
    control.settimeout(60)
    control.connect(os.environ['E2E_CONTROL'])
    return control.makefile('rw')
def send(lines, **request):
    lines.write(json.dumps(request) + '\n'); lines.flush()
def ask(lines, **request):
    send(lines, **request)
    return json.loads(lines.readline())
execs = [session() for _ in range(12)]
for lines in execs: send(lines, ask='exec', service='web', command=['sh', '-c', 'echo $$ >>/tmp/began; exec sleep 7000'], stdin='')
short = session()
while True:
    state = ask(short, ask='state', service='web')
    assert state.get('containers'), state
    began = ask(short, ask='logs', service='web', since_begin=False)
    assert 'text' in began, began
    if 'began' in began['text']: break
print('answered:', state['containers'][0]['state'], flush=True)
print(ask(short, ask='change', service='web', change={'to': 'kill', 'signal': 'KILL'}), flush=True)
for lines in execs: lines.readline()
print('all over', flush=True)
";

here_and_over_ssh! {
    fn commands_without_end_leave_room_for_questions(host) {
        let repo = Repo::new("many-execs")
            .file("many.py", MANY)
            .compose(
                indoc! {"
                    services:
                      web:
                        image: BUSYBOX
                        init: true
                        command: [sh, -c, 'touch /tmp/began; until [ $(wc -l </tmp/began) -ge 3 ]; do sleep 0.1; done; echo began; exec sleep 7000']
                "},
            )
            .spec("test_command: python3 many.py\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").stdout_has("answered: running").stdout_has("all over");
    }
}
