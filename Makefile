# What is more than one command. Tests: go test ./...

.PHONY: bench bench-peers

# Measures hakone beside its peers and writes bench/RESULTS.md; at most ten minutes.
bench: bench-peers
	go run ./bench/suite -peers .venv/bench -out bench/RESULTS.md

# Installs the peers: nginx, wrk and h2load by apt-get, the others under .venv/bench.
bench-peers:
	bench/peers .venv/bench
