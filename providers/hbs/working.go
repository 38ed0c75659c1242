package hbs

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

// Working implements providers.Worker for all types: the state of an instance tells
// what is done for it and for most of what is in it.
func (a api) Working(ctx context.Context, req *providers.Request) (string, error) {
	id, _, _ := strings.Cut(cmp.Or(instanceFor(req), req.ObjectID), "/")
	i, err := a.instance(ctx, id)
	if huaweicloud.Gone(err) {
		return "", nil
	}
	if err != nil || !atWork(i.Status) {
		return "", err
	}
	return fmt.Sprintf("the instance %s is in state %s", id, i.Status), nil
}

// Working implements providers.Worker: contracts are installed while the instance is
// available.
func (p contract) Working(ctx context.Context, req *providers.Request) (string, error) {
	work, err := p.api.Working(ctx, req)
	if work != "" || err != nil {
		return work, err
	}
	want, err := contractOf(req.Properties)
	if err != nil {
		return "", err
	}
	c, err := p.named(ctx, want.Instance, want.Name)
	if huaweicloud.Gone(err) {
		return "", nil
	}
	if err != nil || c == nil || c.Status != contractInstalling {
		return "", err
	}
	return fmt.Sprintf("version %s of the contract %s is being installed", c.Version, c.Name), nil
}
