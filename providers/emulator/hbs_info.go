package emulator

import (
	"regexp"
	"strconv"
)

// hbsEdition holds the limits and the price of an edition (2.5.1.1; the prices
// are the emulator's choice but for the first, which an example has).
type hbsEdition struct {
	name           string
	orgs, tps      int
	monthlyPerOrg  int // in yuan
	specCode, desc string
}

var hbsEditions = []hbsEdition{
	{"Professional", 2, 2000, 18000, "bcs.hbs.professional", "Professional edition"},
	{"Enterprise", 10, 10000, 36000, "bcs.hbs.enterprise", "Enterprise edition"},
	{"Platinum", 100, 50000, 72000, "bcs.hbs.platinum", "Platinum edition"},
}

func hbsEditionOf(name string) hbsEdition {
	for _, e := range hbsEditions {
		if e.name == name {
			return e
		}
	}
	return hbsEdition{}
}

// versionForm is the form of versions.
var versionForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+){1,3}$`)

// newestEngine is the version that a new instance of a kind gets.
func (c *call) newestEngine(kind string) (string, error) {
	s, err := c.settings()
	return s.Versions[kind], err
}

// showServerInfo answers ShowServerInfo (2.5.1.1).
func showServerInfo(c *call) (reply, error) {
	s, err := c.settings()
	if err != nil {
		return reply{}, err
	}
	editions := []any{}
	for _, e := range hbsEditions {
		editions = append(editions, map[string]any{"name": e.name, "max_org_num": e.orgs, "tps_limit": e.tps})
	}
	return answer(map[string]any{
		"chain_engine_version": s.Versions[kindHuaweiChain], "besu_engine_version": s.Versions[kindBesu],
		"editions": editions, "plugins": []any{map[string]any{"type": "E2EE", "version": "1.0.0"}},
	})
}

// showDashboard answers ShowDashboard (2.5.1.3).
func showDashboard(c *call) (reply, error) {
	n, err := c.count(kindHBSInstance, c.project)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"instance_num": n})
}

// showResourcePrice answers ShowResourcePrice (2.5.1.2).
func showResourcePrice(c *call) (reply, error) {
	var o struct {
		Edition string `json:"edition"`
		Orgs    int    `json:"org_num"`
		hbsOrder
	}
	if err := c.decode(&o); err != nil {
		return reply{}, err
	}
	if o.Orgs < 1 || o.Orgs > hbsEditionOf(o.Edition).orgs {
		return reply{}, badParameter("org_num", "must be 1 to "+strconv.Itoa(hbsEditionOf(o.Edition).orgs)+" in this edition")
	}
	if err := o.check(); err != nil {
		return reply{}, err
	}
	p := priceOf(o.Edition, o.Orgs, o.hbsOrder)
	return answer(map[string]any{"amount": p.Amount, "original_amount": p.Official, "currency": currency})
}
