package emulator

import (
	"net/http"
	"strconv"
)

// showQuota answers ShowQuota, which EIP calls ListQuotas.
func showQuota(c *call) (reply, error) {
	s, err := c.settings()
	if err != nil {
		return reply{}, err
	}
	resources := []any{}
	for _, q := range []struct{ name, kind string }{{QuotaVPCs, kindVPC}, {QuotaSubnets, kindSubnet}, {QuotaPublicIPs, kindPublicIP}} {
		if asked := c.query.Get("type"); asked != "" && asked != q.name {
			continue
		}
		used, err := c.count(q.kind, c.project)
		if err != nil {
			return reply{}, err
		}
		resources = append(resources, map[string]any{"type": q.name, "used": used, "quota": s.Quotas[q.name], "min": 0})
	}
	return answer(map[string]any{"quotas": map[string]any{"resources": resources}})
}

// used is what the servers of the project take.
type used struct{ servers, cores, ramMB int }

func (c *call) used() (used, error) {
	list, err := all[server](c.tx, kindServer, c.project)
	u := used{servers: len(list)}
	for _, s := range list {
		cores, ram := flavorSize(s.Flavor)
		u.cores, u.ramMB = u.cores+cores, u.ramMB+ram
	}
	return u, err
}

// showServerLimits answers ShowServerLimits. Limits of what the emulator does
// not have are constants.
func showServerLimits(c *call) (reply, error) {
	s, err := c.settings()
	if err != nil {
		return reply{}, err
	}
	u, err := c.used()
	if err != nil {
		return reply{}, err
	}
	addresses, err := c.count(kindPublicIP, c.project)
	if err != nil {
		return reply{}, err
	}
	return answer(map[string]any{"absolute": map[string]any{
		"maxImageMeta": 128, "maxPersonality": 5, "maxPersonalitySize": 1024, "maxSecurityGroupRules": 100, "maxSecurityGroups": 100,
		"maxServerGroupMembers": 16, "maxServerGroups": 10, "maxServerMeta": 128, "maxTotalKeypairs": 100,
		"maxTotalInstances": s.Quotas[QuotaServers], "totalInstancesUsed": u.servers,
		"maxTotalCores": s.Quotas[QuotaCores], "totalCoresUsed": u.cores,
		"maxTotalRAMSize": s.Quotas[QuotaRAM], "totalRAMUsed": u.ramMB,
		"maxTotalFloatingIps": s.Quotas[QuotaPublicIPs], "totalFloatingIpsUsed": addresses,
		"totalSecurityGroupsUsed": 0, "totalServerGroupsUsed": 0,
	}})
}

// checkServerRoom refuses servers that the project may not have, or that are
// not for sale.
func (c *call) checkServerRoom(flavor string, n int) error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	if status := s.Flavors[flavor]; status == FlavorSellout || status == FlavorAbandon {
		return refuse(ecsBadFlavor, "The flavor %s is not available: %s.", flavor, status)
	}
	u, err := c.used()
	if err != nil {
		return err
	}
	cores, ram := flavorSize(flavor)
	if u.servers+n > s.Quotas[QuotaServers] || u.cores+n*cores > s.Quotas[QuotaCores] || u.ramMB+n*ram > s.Quotas[QuotaRAM] {
		return refuse(ecsQuotaUsedUp, "The quota is used up: %d servers, %d cores and %d MB exist.", u.servers, u.cores, u.ramMB).withStatus(http.StatusForbidden)
	}
	return nil
}

// offered are the flavours that a list without a filter shows. Any other one
// that is well formed exists as well.
var offered = []string{
	"c6.2xlarge.2", "c6.large.2", "c6.xlarge.2", "m6.xlarge.8", "s2.large.2", "s6.large.2", "s6.small.1", "s6.xlarge.2", "t6.large.1",
}

// listFlavors answers ListFlavors.
func listFlavors(c *call) (reply, error) {
	s, err := c.settings()
	if err != nil {
		return reply{}, err
	}
	names := offered
	if id := c.query.Get("flavor_id"); id != "" {
		names = nil
		if flavorForm.MatchString(id) {
			names = []string{id}
		}
	}
	wires := []any{}
	for _, name := range page(c, names, func(name string) string { return name }, pageOfFlavors) {
		wires = append(wires, flavorOffer(name, orDefault(s.Flavors[name], FlavorNormal)))
	}
	return answer(map[string]any{"flavors": wires})
}

// flavorOffer is a flavour as ListFlavors shows it.
func flavorOffer(name, status string) map[string]any {
	cores, ram := flavorSize(name)
	return map[string]any{
		"id": name, "name": name, "vcpus": strconv.Itoa(cores), "ram": ram, "disk": "0", "swap": "", "links": []any{},
		"OS-FLV-EXT-DATA:ephemeral": 0, "OS-FLV-DISABLED:disabled": false, "rxtx_factor": 1, "rxtx_quota": "", "rxtx_cap": "",
		"os-flavor-access:is_public": true,
		"os_extra_specs":             map[string]any{"ecs:performancetype": "normal", "cond:operation:status": status},
	}
}
