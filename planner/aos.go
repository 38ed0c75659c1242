package planner

import "slices"

// The lists of types of the AOS user guide (blueprint language, section 13.5),
// without the prefix of a dialect.
var (
	// movableTypes may be added to a stack and removed from it by an upgrade
	// (rule 1).
	movableTypes = []string{
		"AOS.Agent", "AOS.AppComponent", "AOS.AppComponent.Container", "AOS.AppComponent.Process", "AOS.AppGroup",
		"AOS.Application.Stateful", "AOS.Application.Stateless", "AOS.Job", "AOS.Service", "AOS.StatefulApplication",
		"AOS.StatelessApplication",
		"CCE.Addon.AutoScaler", "CCE.ConfigMap", "CCE.DaemonSet", "CCE.Deployment", "CCE.HelmRelease", "CCE.Ingress", "CCE.Job",
		"CCE.NodePool", "CCE.Secret", "CCE.Service", "CCE.StatefulSet", "CCE.Storage.OBS", "CCE.Storage.SFS",
		"ECS.CloudServer",
		"ServiceStage.Agent", "ServiceStage.AppGroup", "ServiceStage.ContainerComponent", "ServiceStage.Job",
		"ServiceStage.ProcessComponent", "ServiceStage.Service", "ServiceStage.SoftwareComponent",
		"ServiceStage.StatefulApplication", "ServiceStage.StatelessApplication",
		"nodes.Agent", "nodes.AppGroup", "nodes.ContainerComponent", "nodes.HelmApplication", "nodes.Job", "nodes.ProcessComponent",
		"nodes.Service", "nodes.SoftwareComponent", "nodes.StatefulApplication", "nodes.StatelessApplication",
	}
	// settledTypes don't take changed inputs (rule 5).
	settledTypes = []string{
		"AOS.Job", "AOS.Service", "APM.AutoScaler", "ServiceStage.Job", "ServiceStage.Service", "nodes.Agent", "nodes.AutoScaler",
		"nodes.DynamicNodePool", "nodes.DynamicVolume", "nodes.FlexVolume", "nodes.Job", "nodes.NodePool", "nodes.Service",
		"nodes.StatefulApplication",
	}
)

func movable(typeName string) bool { return slices.Contains(movableTypes, typeName) }

func settled(typeName string) bool { return slices.Contains(settledTypes, typeName) }
