package hbs

// States of contracts (API reference 2.5.6.2), also of those of Besu, for which no
// text lists any.
const (
	contractInstalling = "Installing"
	contractFailed     = "Failed"
)
