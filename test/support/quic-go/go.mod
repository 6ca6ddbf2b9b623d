module wormhole.test/quicgo

go 1.21

require github.com/quic-go/quic-go v0.42.0

require (
	golang.org/x/crypto v0.4.0 // indirect
	golang.org/x/exp v0.0.0-20221205204356-47842c84f3db // indirect
	golang.org/x/net v0.10.0 // indirect
	golang.org/x/sys v0.8.0 // indirect
)
