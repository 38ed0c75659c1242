package planner

// upgradeRules tells what AOS would refuse of an upgrade (blueprint language,
// section 13.5).
func (m *maker) upgradeRules() {}
