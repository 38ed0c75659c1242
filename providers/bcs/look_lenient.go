package bcs

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

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

// loose is a scalar that is a number here and a text there; "" for null.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(l))
	}
	*l = loose(b)
	return nil
}

// number is its value, 0 if it is none.
func (l loose) number() float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(string(l)), 64)
	if err != nil {
		return 0
	}
	return n
}

// moment is the time that it stands for, in one of the forms that the reference
// shows: RFC 3339, or milliseconds. The zero time if it is neither, or 0.
func (l loose) moment() time.Time {
	if at := moment(string(l)); !at.IsZero() {
		return at
	}
	n := int64(l.number())
	if n >= tooManyMilliseconds {
		n /= 10
	}
	if n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// tooManyMilliseconds is from where on a time has one digit more than one in
// milliseconds has until the year 2286, as in the example of ListBcsEvents.
const tooManyMilliseconds = 10_000_000_000_000
