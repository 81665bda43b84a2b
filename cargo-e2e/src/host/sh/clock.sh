# The time. Not every date knows nanoseconds: then it is in whole seconds.
date +%s.%N
