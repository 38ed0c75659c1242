package bcs

import (
	"context"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// leniently makes a call of the SDK whose type of answer can't hold what the
// service sends: the reference's tables and examples differ there, and the SDK
// drops or refuses what the examples show.
func leniently[Q, R any](ctx context.Context, a api, operation string, request func() *def.HttpRequestDef, q *Q) (*R, error) {
	call := func(c *sdk.BcsClient, q *Q) (*R, error) {
		d, answer := request(), new(R)
		d.Response = answer
		_, err := c.HcClient.Sync(q, d)
		return answer, err
	}
	return huaweicloud.Read(ctx, a.c, service, operation, call, q)
}

// answered is a part of each answer, which the SDK's core asks for.
type answered struct {
	HttpStatusCode int `json:"-"`
}

// loose is a scalar that is a number here and a text there.
type loose = huaweicloud.Loose
