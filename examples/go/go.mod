module ratls/examples/go

go 1.19
