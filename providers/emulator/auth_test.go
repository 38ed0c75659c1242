package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	bcs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

func TestWhoIsLetIn(t *testing.T) {
	for _, tc := range []struct {
		name        string
		ak, sk, pid string
		skew        time.Duration
		status      int
		code        string
	}{
		{name: "own key", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: emulator.DefaultProjectID},
		{name: "wrong secret", ak: emulator.DefaultAccessKey, sk: "other", pid: emulator.DefaultProjectID, status: 401, code: "BCS.4010401"},
		{name: "wrong key", ak: "OTHER", sk: emulator.DefaultSecretKey, pid: emulator.DefaultProjectID, status: 401, code: "BCS.4010401"},
		{name: "a clock 14 minutes off", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: emulator.DefaultProjectID, skew: 14 * time.Minute},
		{name: "a clock 16 minutes off", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: emulator.DefaultProjectID, skew: 16 * time.Minute, status: 401, code: "BCS.4010401"},
		{name: "a clock 16 minutes ahead", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: emulator.DefaultProjectID, skew: -16 * time.Minute, status: 401, code: "BCS.4010401"},
		{name: "foreign project", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: "f0000000000000000000000000000001", status: 403, code: "BCS.4030403"},
		{name: "literal project", ak: emulator.DefaultAccessKey, sk: emulator.DefaultSecretKey, pid: "{project_id}", status: 403, code: "BCS.4030403"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := start(t)
			c.Advance(tc.skew)
			cred, err := basic.NewCredentialsBuilder().WithAk(tc.ak).WithSk(tc.sk).WithProjectId(tc.pid).SafeBuild()
			if err != nil {
				t.Fatal(err)
			}
			_, err = bcs.NewBcsClient(client(t, bcs.BcsClientBuilder(), c.url, cred)).ListBlockchains(&model.ListBlockchainsRequest{})
			if tc.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCode(t, err, tc.status, tc.code)
		})
	}
}

// The SDK signs what it sends in its own escaping; these take the corners.
func TestSignatureOfOddRequests(t *testing.T) {
	c := start(t)
	api := c.bcs(t)
	id := c.order(t, api, orderOf("链-ledger"))
	must(api.ListOpRecord(&model.ListOpRecordRequest{BlockchainId: ptr("a b,c/d?e=f&g 中")}))(t)
	_, err := api.CreateBlockchainCertByUserName(&model.CreateBlockchainCertByUserNameRequest{BlockchainId: id, OrgName: "中文 org~", UserName: "alice"})
	wantCode(t, err, 400, "BCS.4001245")
	_, err = api.FreezeCert(&model.FreezeCertRequest{BlockchainId: id, OrgName: "alpha", UserName: "alice"})
	wantCode(t, err, 400, "BCS.4006014") // let in, but the user has no certificate
}

func TestUnsigned(t *testing.T) {
	c := start(t)
	for _, tc := range []struct {
		name, path, want string
		headers          []string
		status           int
	}{
		{name: "bcs", path: "/v2/" + emulator.DefaultProjectID + "/blockchains", status: 401, want: `{"error_code":"BCS.4010401","error_msg":"Incorrect token or token resolution failed"}`},
		{name: "garbage", path: "/v2/" + emulator.DefaultProjectID + "/blockchains", headers: []string{"Authorization", "SDK-HMAC-SHA256 Access=,,="}, status: 401, want: "BCS.4010401"},
		{name: "bad token", path: "/v2/" + emulator.DefaultProjectID + "/blockchains", headers: []string{"X-Auth-Token", "MII"}, status: 401, want: "BCS.4010401"},
		{name: "vpc", path: "/v1/" + emulator.DefaultProjectID + "/vpcs", status: 401, want: "APIGW.0301"},
		{name: "ecs", path: "/v1/" + emulator.DefaultProjectID + "/cloudservers/detail", status: 401, want: "APIGW.0301"},
		{name: "iam", path: "/v3/projects", status: 401, want: "APIGW.0301"},
		{name: "unknown under bcs", path: "/v2/" + emulator.DefaultProjectID + "/nothing", status: 404, want: "BCS.4040404"},
		{name: "unknown", path: "/nothing", status: 404, want: "APIGW.0101"},
		{name: "root", path: "/", status: 404, want: "APIGW.0101"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := raw(t, http.MethodGet, c.url+tc.path, "", tc.headers...)
			body := must(io.ReadAll(resp.Body))(t)
			if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, body, tc.status, tc.want)
			}
			if resp.Header.Get("X-Request-Id") == "" {
				t.Error("no X-Request-Id")
			}
		})
	}
}

func TestTokens(t *testing.T) {
	ask := func(c *cloud, body string) *http.Response {
		return raw(t, http.MethodPost, c.url+"/v3/auth/tokens", body, "Content-Type", "application/json")
	}
	byPassword := func(password, project string) string {
		return `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"emulator","password":"` + password +
			`","domain":{"name":"emulator"}}}},"scope":{"project":{"name":"` + project + `"}}}}`
	}
	byKey := `{"auth":{"identity":{"methods":["hw_ak_sk"],"hw_ak_sk":{"access":{"key":"` + emulator.DefaultAccessKey +
		`"},"secret":{"key":"` + emulator.DefaultSecretKey + `"}}}}}`
	for _, tc := range []struct {
		name, body string
		status     int
	}{
		{"password", byPassword(emulator.DefaultPassword, emulator.DefaultRegion), 201},
		{"access key", byKey, 201},
		{"wrong password", byPassword("other", emulator.DefaultRegion), 401},
		{"wrong project", byPassword(emulator.DefaultPassword, "elsewhere-1"), 401},
		{"no identity", `{"auth":{}}`, 400},
		{"no JSON", `{`, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := start(t)
			resp := ask(c, tc.body)
			if resp.StatusCode != tc.status {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, tc.status, must(io.ReadAll(resp.Body))(t))
			}
			if tc.status != 201 {
				return
			}
			url := c.url + "/v2/" + emulator.DefaultProjectID + "/quotas"
			token := resp.Header.Get("X-Subject-Token")
			if got := raw(t, http.MethodGet, url, "", "X-Auth-Token", token).StatusCode; got != 200 {
				t.Errorf("the token opens with %d", got)
			}
			c.Advance(24*time.Hour + time.Second)
			if got := raw(t, http.MethodGet, url, "", "X-Auth-Token", token).StatusCode; got != 401 {
				t.Errorf("an old token opens with %d", got)
			}
		})
	}
}

func TestProjects(t *testing.T) {
	c := start(t)
	resp := raw(t, http.MethodPost, c.url+"/v3/auth/tokens",
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"emulator","password":"`+emulator.DefaultPassword+`"}}}}}`,
		"Content-Type", "application/json")
	token := resp.Header.Get("X-Subject-Token")
	for path, want := range map[string]string{
		"/v3/projects?name=local-1": emulator.DefaultProjectID,
		"/v3/auth/projects":         emulator.DefaultProjectID,
		"/v3/auth/domains":          emulator.DefaultDomainID,
	} {
		body := must(io.ReadAll(raw(t, http.MethodGet, c.url+path, "", "X-Auth-Token", token).Body))(t)
		if !strings.Contains(string(body), want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	var out struct{ Projects []any }
	body := must(io.ReadAll(raw(t, http.MethodGet, c.url+"/v3/projects?name=elsewhere-1", "", "X-Auth-Token", token).Body))(t)
	if err := json.Unmarshal(body, &out); err != nil || len(out.Projects) != 0 {
		t.Errorf("another region has projects: %s", body)
	}
}
