exec 3<> "/dev/tcp/$1/$2" && read -r line <&3 && echo "$line"
