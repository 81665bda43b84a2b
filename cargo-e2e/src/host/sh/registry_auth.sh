# Makes a folder that is DOCKER_CONFIG for pulls and builds: this account's plugins and settings, and in
# place of its credentials those on standard input, a JSON object. Needs: folder.
fenced && gone
own=${DOCKER_CONFIG:-$HOME/.docker}
# Prints `,"NAME":VALUE` for each other setting.
settings() {
  [ -r "$own/config.json" ] || return 0
  LC_ALL=C awk '
    function put() {
      if (member != "" && member !~ /^"(auths|credsStore|credHelpers)":/) printf ",%s", member
      member = ""
    }
    { text = text $0 "\n" }
    END {
      for (at = 1; at <= length(text); at++) {
        letter = substr(text, at, 1)
        if (quoted) {
          member = member letter
          if (letter == "\\") member = member substr(text, ++at, 1)
          else if (letter == "\"") quoted = 0
          continue
        }
        if (letter ~ /[ \t\r\n]/) continue
        if (letter == "\"") quoted = 1
        else if (letter ~ /[{[]/ && depth++ == 0) continue
        else if (letter ~ /[]}]/ && --depth == 0) { put(); exit }
        else if (letter == "," && depth == 1) { put(); continue }
        member = member letter
      }
    }' "$own/config.json"
}
rm -rf "${dir:?}/${folder:?}" && mkdir -m 0700 "$dir/$folder" || exit 1
for each in "$own"/* "$own"/.[!.]*; do
  [ "${each##*/}" = config.json ] || [ ! -e "$each" ] || ln -s "$each" "$dir/$folder/" || exit 1
done
{ printf '{"auths":' && cat && settings && printf '}\n'; } >"$dir/$folder/config.json"
