# What containers printed, its end when it is long. Needs: containers (ids), since (empty: all), most.
for container in $containers; do
  docker logs ${since:+--since "$since"} "$container" 2>&1
done | tail -c "$most"
