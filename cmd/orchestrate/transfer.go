package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// transferEvery is how often a log says how far a transfer is.
const transferEvery = 5 * time.Second

// share is how much of a transfer has been sent, from 0 to 1.
func share(t *providers.Transfer) float64 {
	if t.Size <= 0 {
		return 1
	}
	return min(float64(t.Sent)/float64(t.Size), 1)
}

// arrived reports whether all of a transfer has been sent.
func arrived(t *providers.Transfer) bool { return t.Sent >= t.Size }

// sameTransfer reports whether an event tells how far a transfer is that the one
// before was about too.
func sameTransfer(before, e executor.Event) bool {
	return before.Transfer != nil && e.Transfer != nil && before.Message == e.Message && before.Transfer.Size == e.Transfer.Size
}

// transferText says how far a transfer is.
func transferText(t *providers.Transfer) string {
	return fmt.Sprintf("(%s of %s, %d%%)", bytesText(t.Sent), bytesText(t.Size), int(share(t)*100))
}

const barCells = 16

// transferBar draws how far a transfer is.
func transferBar(t *providers.Transfer) string {
	full := int(share(t) * barCells)
	bar := strings.Repeat("=", full)
	if full < barCells {
		bar += ">" + strings.Repeat(" ", barCells-full-1)
	}
	return fmt.Sprintf("%d%% [%s] of %s", int(share(t)*100), bar, bytesText(t.Size))
}

// bytesText writes a number of bytes with a unit that keeps it short.
func bytesText(n int64) string {
	units := []string{"kB", "MB", "GB", "TB"}
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v := float64(n) / 1000
	for i, unit := range units {
		if v < 999.95 || i == len(units)-1 {
			return fmt.Sprintf("%.1f %s", v, unit)
		}
		v /= 1000
	}
	return ""
}
