# Prints the id of each image whose NUL-separated name is on standard input, a line each; an empty
# one where there is none.
xargs -0 -r sh -c '
  for image; do
    docker image inspect --format "{{.Id}}" "$image" 2>/dev/null || echo
  done' sh
