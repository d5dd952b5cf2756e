zmodload zsh/net/tcp
ztcp $1 $2 && read -r line <&$REPLY && print -r -- $line
