package bcs

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Late implements providers.Lagging for all types.
func (a api) Late() time.Duration { return a.c.Late() }

// Working implements providers.Worker for all types: the state of a network, or the
// record of an operation, tells what is done for it and for what is in it.
func (a api) Working(ctx context.Context, req *providers.Request) (string, error) {
	network, _, _ := strings.Cut(cmp.Or(networkOf(req), req.ObjectID), "/")
	d, err := a.showBlockchainDetail(ctx, network)
	if huaweicloud.Gone(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if state := val(basic(d).ProcessStatus); state != "" {
		return fmt.Sprintf("the network %s is in state %s", network, state), nil
	}
	record, err := a.running(ctx, network)
	if err != nil || record == nil {
		return "", err
	}
	return workText(record), nil
}
