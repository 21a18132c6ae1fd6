# What the benches share. Sourced with `here` set.
namesys=${NAMESYS:-$here/../target/release/namesys}
memory=/dev/shm
[ -d "$memory" ] || memory=${TMPDIR:-/tmp}

now() { date +%s%N; }

# In the folder where one is: records.csv with `count` subnames, and a wallet.
rows() {
    awk -v count="$count" 'BEGIN {
        print "name,record,value"
        for (i = 1; i <= count; i++) printf "sub%06d.bench.eth,address/60,0x%040x\n", i, i
    }' > records.csv
    (umask 077 && printf '%064d\n' 7 > wallet.key)
}
