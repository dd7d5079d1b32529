# What is more than one command. Tests: go test ./...

.PHONY: bench bench-peers

# Measures hakone beside its peers and writes bench/RESULTS.md, in ten minutes at
# most: rows that would begin later are told as not measured.
bench: bench-peers
	go run ./bench/suite -rounds 3 -each 1s -peers .venv/bench -out bench/RESULTS.md

# Installs the peers: nginx, wrk and h2load by apt-get, the others under .venv/bench.
bench-peers:
	bench/peers .venv/bench
