package import ObjectStore
package import Objects
package import Primitives
package import Reconciling

/// What is known of the objects, by kind, and by what they name.
package struct Informers: Sendable {
    package let providers: Informer<Provider>
    package let machines: Informer<VirtualMachine>
    package let classes: Informer<VMClass>
    package let images: Informer<VMImage>
    package let networks: Informer<VMNetworkAttachment>
    package let secrets: Informer<ManagerSecret>
    package let snapshots: Informer<VMSnapshot>
    package let clones: Informer<VMClone>
    package let sets: Informer<VMSet>

    /// By `namespace/name` of what a machine names.
    let machinesByProvider, machinesByClass, machinesByImage, machinesByNetwork, machinesBySecret: InformerIndex<VirtualMachine>
    /// By the image's `namespace/name` and the provider's, without those that are to go.
    let machinesByImageOnProvider: InformerIndex<VirtualMachine>
    /// By `namespace/name of the provider` and the machine's identifier.
    let machinesByID: InformerIndex<VirtualMachine>
    /// By the `namespace/name` of the VMSet that looks after it, or would by its name.
    let machinesBySet: InformerIndex<VirtualMachine>
    /// By the Secret's `namespace/name`.
    let providersBySecret: InformerIndex<Provider>
    /// By the machine's `namespace/name`.
    let snapshotsByMachine: InformerIndex<VMSnapshot>
    let clonesByMachine: InformerIndex<VMClone>

    package init(_ store: any ObjectStore, logger: Logger = .silent) {
        providers = Informer(store, logger: logger)
        machines = Informer(store, logger: logger)
        classes = Informer(store, logger: logger)
        images = Informer(store, logger: logger)
        networks = Informer(store, logger: logger)
        secrets = Informer(store, logger: logger)
        snapshots = Informer(store, logger: logger)
        clones = Informer(store, logger: logger)
        sets = Informer(store, logger: logger)
        machinesByProvider = machines.index("provider") { [$0.providerName] }
        machinesByClass = machines.index("class") { [$0.spec.classRef.fullName(in: $0.metadata.namespace)] }
        machinesByImage = machines.index("image") { machine in
            machine.spec.imageRef.map { [$0.fullName(in: machine.metadata.namespace)] } ?? []
        }
        machinesByImageOnProvider = machines.index("image on provider") { machine in
            guard !machine.metadata.isDeleting, let image = machine.spec.imageRef else { return [] }
            return [Self.image(image.fullName(in: machine.metadata.namespace), on: machine.providerName)]
        }
        machinesByNetwork = machines.index("network") { machine in
            machine.spec.networks.compactMap { $0.networkRef?.fullName(in: machine.metadata.namespace) }
        }
        machinesBySecret = machines.index("secret") { machine in
            machine.guestData.compactMap { $0.secretRef?.fullName(in: machine.metadata.namespace) }
        }
        machinesByID = machines.index("id") { machine in machine.status.id.map { [Self.place($0, on: machine.providerName)] } ?? [] }
        machinesBySet = machines.index("set") { machine in SetMember.set(of: machine).map { [$0.description] } ?? [] }
        providersBySecret = providers.index("secret") { provider in
            provider.spec.tls?.secretRef.map { [$0.fullName(in: provider.metadata.namespace)] } ?? []
        }
        snapshotsByMachine = snapshots.index("machine") { ["\($0.metadata.namespace)/\($0.spec.vmRef.name)"] }
        clonesByMachine = clones.index("machine") { clone in
            clone.spec.sourceVM.map { [$0.fullName(in: clone.metadata.namespace)] } ?? []
        }
    }

    package var all: [any RunnableInformer] { [providers, secrets, classes, images, networks, machines, snapshots, clones, sets] }

    // MARK: texts

    /// A text of a Secret; nil for one that is not there.
    /// - Parameter secret: `namespace/name`
    func bytes(of secret: String, _ member: String) -> [UInt8]? {
        let (namespace, name) = Operation.parts(secret)
        return secrets.get(namespace, name)?.bytes(member)
    }

    /// The member of a Secret that is meant: the one that it has, or the usual one of several.
    func member(of reference: ObjectReference, in namespace: String, usually usual: String) -> String {
        guard let names = secrets.get(reference.objectName(in: namespace))?.names, names.count == 1 else { return usual }
        return names[0]
    }

    static func image(_ name: String, on provider: String) -> String { "\(name) \(provider)" }

    static func place(_ id: String, on provider: String) -> String { "\(provider) \(id)" }
}

extension ObjectReference {
    /// `namespace/name` of what it names.
    /// - Parameter namespace: of the object that has the reference.
    func fullName(in namespace: String) -> String {
        let said = self.namespace ?? ""
        return "\(said.isEmpty ? namespace : said)/\(name)"
    }

    func objectName(in namespace: String) -> ObjectName {
        let said = self.namespace ?? ""
        return ObjectName(said.isEmpty ? namespace : said, name)
    }
}

extension VirtualMachine {
    /// `namespace/name` of its Provider.
    package var providerName: String { spec.providerRef.fullName(in: metadata.namespace) }

    /// Texts for its guest, wherever they stand.
    var guestData: [GuestData] { [spec.userData?.cloudInit, spec.userData?.ignition, spec.metaData].compactMap { $0 } }
}
