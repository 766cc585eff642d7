import Objects

/// What a machine's first disk is made from, on one provider.
enum ImageSource {
    /// `image` of the contract.
    case ready(ObjectValue)
    /// It is not there yet, or cannot be had.
    case waits(String)

    static func of(_ image: VMImage, on provider: Provider) -> ImageSource {
        if let problem = image.problems.first { return .waits("\(problem)") }
        let name = provider.fullName
        switch need(image, of: provider.spec.type) {
        case .asItIs(let value): return .ready(value)
        case .impossible(let why): return .waits(why)
        case .preparing:
            guard let known = image.status.providerStatus[name], known.isAvailable, known.observedGeneration == image.metadata.generation
            else {
                let message = image.status.providerStatus[name]?.message ?? ""
                return .waits("is not on \(name) yet\(message.isEmpty ? "" : ": \(message)")")
            }
            var value = ObjectMembers()
            if let id = known.id, !id.isEmpty { value["templateName"] = .text(id) }
            if let path = known.path, !path.isEmpty { value["path"] = .text(path) }
            return .ready(.members(value))
        }
    }

    /// What a provider of a type needs before a machine can be made.
    enum Need: Equatable {
        /// It is there already, by its name or path.
        case asItIs(ObjectValue)
        /// To be brought: the JSON of ImagePrepare.
        case preparing(ObjectValue)
        case impossible(String)
    }

    static func need(_ image: VMImage, of type: String) -> Need {
        let source = image.spec.source
        switch type {
        case "vsphere":
            guard let vsphere = source.vsphere else { break }
            if let name = vsphere.templateName { return .asItIs(["templateName": .text(name)]) }
            return .preparing(whole(image, "vsphere"))
        case "proxmox":
            guard let proxmox = source.proxmox else { break }
            if let number = proxmox.templateID { return .asItIs(["templateName": .text(String(number))]) }
            if let name = proxmox.templateName { return .asItIs(["templateName": .text(name)]) }
        default:
            guard let libvirt = source.libvirt else { break }
            // A path is looked at by the provider too: what it is, and whether its sum is right.
            return .preparing(whole(image, libvirt.url == nil && libvirt.path == nil ? "http" : "libvirt"))
        }
        if source.http != nil { return .preparing(whole(image, "http")) }
        return .impossible("has no source for a provider of type \(type); it has \(source.names.joined(separator: ", "))")
    }

    private static func whole(_ image: VMImage, _ name: String) -> ObjectValue {
        var value: ObjectMembers = ["source": .members([:])]
        if let source = image.object.spec["source"]?[name] { value["source"] = .members(ObjectMembers([(name, source)])) }
        if let prepare = image.object.spec["prepare"] { value["prepare"] = prepare }
        return .members(value)
    }
}
