# Removes what an `up` that failed has made, and keeps the sandbox: a second `up` would find half
# of it and go on from there.
sweep_all
[ "$empty" -ge 2 ]
