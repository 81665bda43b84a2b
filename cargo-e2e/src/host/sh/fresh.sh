# Makes an empty folder below the sandbox's, whatever was there. Needs: folder.
fenced && exit 75
rm -rf "${dir:?}/${folder:?}" && mkdir "$dir/$folder"
