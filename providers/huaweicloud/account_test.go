package huaweicloud_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	bss "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2"
	bssmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var orders = huaweicloud.Service[*bss.BssClient]{Host: "bss", New: bss.NewBssClient, Account: true}

func readOrders(t *testing.T, c *huaweicloud.Client) error {
	t.Helper()
	_, err := huaweicloud.Read(t.Context(), c, orders, "ListCustomerOrders", (*bss.BssClient).ListCustomerOrders, &bssmodel.ListCustomerOrdersRequest{})
	return err
}

// Calls about the account are signed for it; which one that is IAM tells, once.
func TestCallsAboutTheAccount(t *testing.T) {
	for _, domain := range []string{"", "d1"} {
		var lookUps atomic.Int32
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v3/auth/domains":
				lookUps.Add(1)
				fmt.Fprint(w, `{"domains":[{"id":"d1","name":"somebody"}]}`)
			case "/v2/orders/customer-orders":
				if r.Header.Get("X-Domain-Id") != "d1" || r.Header.Get("X-Project-Id") != "" || !strings.Contains(r.Header.Get("Authorization"), "x-domain-id") {
					t.Errorf("%v", r.Header)
				}
				fmt.Fprint(w, `{"order_infos":[]}`)
			default:
				t.Errorf("unexpected path %s", r.URL.Path)
			}
		})
		c := newClient(t, url, func(c *huaweicloud.Config) { c.Env = environment("HW_DOMAIN_ID", domain, "HW_PROJECT_ID", "") })
		for range 3 {
			if err := readOrders(t, c); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[string]int32{"": 1, "d1": 0}[domain]; lookUps.Load() != want {
			t.Errorf("with %q looked up %d times", domain, lookUps.Load())
		}
	}
}

func TestNoSuchAccount(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"domains":[]}`) })
	c := newClient(t, url)
	if e := failure(t, readOrders(t, c)); e.Kind != providers.Auth || !strings.Contains(e.Advice, "HW_DOMAIN_ID") {
		t.Errorf("%+v", e)
	}
}

// A service of the account has one address, whatever the region.
func TestAddressOfTheAccount(t *testing.T) {
	for override, want := range map[string]string{"": "bss.myhuaweicloud.com", "bss-intl.myhuaweicloud.com": "bss-intl.myhuaweicloud.com"} {
		var host string
		c := newClient(t, "", func(c *huaweicloud.Config) {
			c.Attempts = 1
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				host = r.URL.Host
				return nil, errors.New("stop here")
			})
			c.Env = environment("HW_DOMAIN_ID", "d1", "HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1", override)
		})
		if err := readOrders(t, c); err == nil || host != want {
			t.Errorf("%q: %s, %v", override, host, err)
		}
	}
}
