# Loads the images on standard input, as `docker save` writes them.
fenced && gone
exec docker load -q
