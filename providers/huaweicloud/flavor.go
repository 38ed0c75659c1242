package huaweicloud

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	ecs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

var ecsService = Service[*ecs.EcsClient]{Host: "ecs", New: ecs.NewEcsClient}

// Flavor is a kind of servers, also of those under a cluster.
type Flavor struct {
	Name         string
	Cores, RAMMB int64
	status       string            // "" stands for normal
	byZone       map[string]string // status where it differs
}

// Flavor returns the flavor of a name, nil if there is none.
func (c *Client) Flavor(ctx context.Context, name string) (*Flavor, error) {
	r, err := Read(ctx, c, ecsService, "ListFlavors", (*ecs.EcsClient).ListFlavors, &model.ListFlavorsRequest{FlavorId: &name})
	if err != nil {
		return nil, err
	}
	for _, f := range Val(r.Flavors) {
		if f.Id == name {
			return flavorOf(&f), nil
		}
	}
	return nil, nil
}

// zoneStatus is an entry of a flavor's status by zone, such as az1(sellout).
var zoneStatus = regexp.MustCompile(`([^\s,()]+)\s*\(\s*([a-z]+)\s*\)`)

func flavorOf(f *model.Flavor) *Flavor {
	cores, _ := strconv.ParseInt(f.Vcpus, 10, 64) // 0: not told, and then not counted
	out := &Flavor{Name: f.Id, Cores: cores, RAMMB: int64(f.Ram), byZone: map[string]string{}}
	extra := Val(f.OsExtraSpecs)
	out.status = Val(extra.Condoperationstatus)
	for _, m := range zoneStatus.FindAllStringSubmatch(Val(extra.Condoperationaz), -1) {
		out.byZone[m[1]] = m[2]
	}
	return out
}

// ForSale says whether the flavor can be had in a zone, and else why not. A
// status that nobody has described is taken for a yes.
func (f *Flavor) ForSale(zone string) (bool, string) {
	status, ok := f.byZone[zone]
	if !ok {
		status = f.status
	}
	if zone == "" { // not known, or left to the service
		for _, other := range f.byZone {
			if other != "sellout" && other != "abandon" {
				return true, ""
			}
		}
	}
	switch status {
	case "sellout":
		return false, "is sold out"
	case "abandon":
		return false, "is no longer offered"
	}
	return true, ""
}

// CheckFlavor finds out whether a flavor can be had; least is what it must have
// at least.
func (c *Client) CheckFlavor(ctx context.Context, req *providers.Request, property, name, zone string, least Flavor) (*Flavor, []providers.Finding, error) {
	if name == "" {
		return nil, nil, nil
	}
	f, err := c.Flavor(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	found := providers.Finding{
		Node: req.Node, Property: property, Kind: providers.Invalid,
		Advice: "Choose another flavor; the ECS console lists those of the region and zone.",
	}
	switch ok, why := f != nil, "does not exist in the region"; {
	case !ok:
		found.Message = fmt.Sprintf("The flavor %s %s.", name, why)
	case f.Cores > 0 && f.Cores < least.Cores || f.RAMMB > 0 && f.RAMMB < least.RAMMB:
		found.Message = fmt.Sprintf("The flavor %s has %d vCPUs and %d MB; at least %d and %d MB are needed.", name, f.Cores, f.RAMMB, least.Cores, least.RAMMB)
	default:
		if ok, why = f.ForSale(zone); ok {
			return f, nil, nil
		}
		found.Message = fmt.Sprintf("The flavor %s %s%s.", name, why, inZone(zone))
	}
	return f, []providers.Finding{found}, nil
}

func inZone(zone string) string {
	if zone == "" {
		return ""
	}
	return " in zone " + zone
}
