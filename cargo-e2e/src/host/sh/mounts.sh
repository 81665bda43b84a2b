# Opens the scripts that remove folders: what is mounted in one is not removed with it.
# Prints where something is mounted in a folder, or on it, if anything is.
mounted() {
  # Spaces and the like are octal there.
  under=$1 awk '{
    place = $5
    gsub(/\\040/, " ", place); gsub(/\\011/, "\t", place); gsub(/\\012/, "\n", place); gsub(/\\134/, "\\", place)
    if (index(place "/", ENVIRON["under"] "/") == 1) { print place; exit }
  }' /proc/self/mountinfo
}
