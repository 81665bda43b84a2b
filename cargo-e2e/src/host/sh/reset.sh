# Removes what an `up` that failed has made, and keeps the sandbox: a second `up` would find half
# of it and go on from there.
unset CARGO_E2E_RUN
sweep_all
[ "$empty" -ge 2 ]
