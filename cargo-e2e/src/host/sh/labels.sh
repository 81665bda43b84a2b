# Opens the scripts that find by its labels what runs made. Docker gives an image's labels to every
# container that is made of it, also to those that are no run's: images say so in a label that the
# run's own containers have empty.
owned='{{if not (.Label "cargo-e2e.image")}}'
# run_of_image: of `RUN EXPIRES OWNER ROOT<tab>TAG TAG …` lines on standard input, prints what is
# before the tab where the image has a tag of its run's project, or none. With tags of others alone
# it belongs to them now.
run_of_image() {
  awk -F '\t' '{
    many = split($2, tag, " ")
    suffix = "-" substr($1, 19, 8) "-"
    own = many == 0
    for (i = 1; i <= many; i++) if (tag[i] ~ /^e2e-[^\/]*$/ && index(tag[i], suffix)) own = 1
    if (own) print $1
  }'
}
