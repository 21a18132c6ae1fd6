sed -i s/new.png/newer.png/ /$1/
