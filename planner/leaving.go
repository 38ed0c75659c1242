package planner

// leavings notes what stays of the objects that steps destroy, and what goes with
// them: of flags those values count that are recorded, since the deletion is made
// with them.
func (m *maker) leavings() {
	for _, s := range m.steps {
		typ := m.req.Catalogue[m.recordedTypeName(s)]
		if typ == nil || !s.deletes() {
			continue
		}
		s.LeavesAlong = typ.LeavingAlong()
		s.Leaves, s.Destroys = typ.Leaving(func(name string) (set, known bool) {
			v, _ := s.Before.Get(name)
			if v.IsUnknown() || v.HasSensitive() {
				return false, false
			}
			on, _ := v.Plain().(bool)
			return on, true
		})
	}
}
