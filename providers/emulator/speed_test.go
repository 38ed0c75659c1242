package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// client calls an open emulator with a token, without a socket.
type client struct {
	*Emulator
	b     testing.TB
	token string
}

func (c *client) call(method, path, body string) map[string]any {
	req := httptest.NewRequest(method, "/v1/"+DefaultProjectID+path, bytes.NewReader([]byte(body)))
	req.Header.Set("X-Auth-Token", c.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	if w.Code >= 300 {
		c.b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			c.b.Fatal(err)
		}
	}
	return out
}

// BenchmarkSubnets is what a stack of 300 subnets costs: each is looked for in a
// list, made, and read until it is ready.
func BenchmarkSubnets(b *testing.B) {
	for b.Loop() {
		e, err := Open(context.Background(), Options{Contracts: parsed(), DB: filepath.Join(b.TempDir(), "cloud.db"), Speed: 1e6})
		if err != nil {
			b.Fatal(err)
		}
		c := &client{Emulator: e, b: b, token: tokenForTest(b, e)}
		vpc := c.call(http.MethodPost, "/vpcs", `{"vpc": {"name": "net", "cidr": "10.0.0.0/8"}}`)["vpc"].(map[string]any)["id"].(string)
		for n := range 300 {
			if n%8 == 0 {
				c.call(http.MethodGet, "/subnets?limit=2000&vpc_id="+vpc, "")
			}
			id := c.call(http.MethodPost, "/subnets", fmt.Sprintf(`{"subnet": {"name": "s%d", "cidr": "10.%d.%d.0/24", "gateway_ip": "10.%d.%d.1", "vpc_id": %q}}`,
				n, n/200, n%200, n/200, n%200, vpc))["subnet"].(map[string]any)["id"].(string)
			c.call(http.MethodGet, "/subnets/"+id, "")
		}
		e.Close()
	}
}
