package import Metrics

/// All families of `/pve`, under the names and labels that prometheus-pve-exporter gave them.
package struct DropInFamilies: Sendable {
    package let catalogue: Catalogue
    let status: StatusFamilies
    let resources: ResourceFamilies
    let guestStates: GuestStateFamilies
    let cluster: ClusterFamilies
    let node: NodeFamilies

    package init() {
        var catalogue = Catalogue()
        status = StatusFamilies(&catalogue)
        resources = ResourceFamilies(&catalogue)
        guestStates = GuestStateFamilies(&catalogue)
        cluster = ClusterFamilies(&catalogue)
        node = NodeFamilies(&catalogue)
        self.catalogue = catalogue
    }

    /// The label that all but a few families carry.
    static let id = LabelSchema("id")
}
