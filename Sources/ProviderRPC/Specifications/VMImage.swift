import JSON
package import RPC

/// What the first disk of a machine is made from: `image_json`.
///
/// Two shapes are read: the flat one of Create and Reconfigure (`TemplateName`, `Path`, `URL`, …), and that of upstream's resource
/// (`{"source": {"libvirt": {…}}, "prepare": {…}}`), which ImagePrepare carries.
package struct VMImage: Sendable, Equatable {
    package enum MissingAction: String, Sendable, CaseIterable {
        case `import` = "Import"
        case fail = "Fail"
        case wait = "Wait"
    }

    /// A template that the hypervisor knows by name or number.
    package var templateName: String?
    /// A file where the hypervisor is.
    package var path: String?
    package var url: String?
    package var headers: [String: String] = [:]
    /// qcow2, raw, vmdk, …
    package var format: String?
    package var checksum: Checksum?
    /// A pool of libvirt, or a storage of Proxmox.
    package var storage: String?
    /// Names of parts of the source that are of another kind of hypervisor, or that need somebody to log in: who needs them refuses them.
    package var otherSources: [String] = []
    package var validatesChecksum = true
    package var force = false
    package var onMissing: MissingAction?
    package var preferredFormat: String?

    package init(
        templateName: String? = nil, path: String? = nil, url: String? = nil, format: String? = nil, checksum: Checksum? = nil,
        storage: String? = nil
    ) {
        self.templateName = templateName
        self.path = path
        self.url = url
        self.format = format
        self.checksum = checksum
        self.storage = storage
    }

    /// Whether it names anything to make a disk from.
    package var isEmpty: Bool { templateName == nil && path == nil && url == nil && otherSources.isEmpty }

    /// Nil for an empty text. Errors: `invalidArgument`, with the place.
    package static func read(_ json: String, field: String = "image_json") throws(RPCError) -> VMImage? {
        guard let value = try SpecificationValue.parse(json, field) else { return nil }
        return try VMImage(SpecificationObject(value))
    }

    init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        if let source = try object.object("source") {
            try readSource(source)
        } else {
            try readDisk(&object)
        }
        if let prepare = try object.object("prepare") { try readPrepare(prepare) }
        // What a person should know of the image, and who may use it.
        for name in ["metadata", "distribution", "consumerNamespaceSelector"] { _ = object.take(name) }
        try object.end()
    }

    /// The members that all sources of disks share.
    private mutating func readDisk(_ object: inout SpecificationObject) throws(RPCError) {
        if let name = try object.text("templateName") { templateName = name }
        if let said = try object.text("path") { path = said }
        if let said = try object.text("url") { url = said }
        if let said = try object.text("format") { format = said }
        if let said = try object.text("storagePool") { storage = said }
        if let said = try Checksum.take(&object) { checksum = said }
    }

    /// One of the sources; a second one must say nothing.
    private mutating func readSource(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        var said: [String] = []
        if var libvirt = try object.object("libvirt") {
            said.append("libvirt")
            try readDisk(&libvirt)
            try libvirt.end()
        }
        if var http = try object.object("http") {
            said.append("http")
            try readDisk(&http)
            headers = try http.map("headers")
            _ = http.take("timeout")
            if http.isSaid("authentication") { otherSources.append("http.authentication") }
            try http.end()
        }
        if var vsphere = try object.object("vsphere") {
            said.append("vsphere")
            try readDisk(&vsphere)
            if let address = try vsphere.text("ovaURL") { (url, format) = (address, "ova") }
            if vsphere.isSaid("contentLibrary") { otherSources.append("vsphere.contentLibrary") }
            _ = vsphere.take("providerRef")
            try vsphere.end()
        }
        if var proxmox = try object.object("proxmox") {
            said.append("proxmox")
            try readDisk(&proxmox)
            if let number = try proxmox.whole("templateID", upTo: 999_999_999) { templateName = String(number) }
            if let place = try proxmox.text("storage") { storage = place }
            _ = proxmox.take("node")
            _ = proxmox.take("fullClone")
            try proxmox.end()
        }
        for name in ["registry", "dataVolume"] where object.isSaid(name) {
            said.append(name)
            otherSources.append(name)
        }
        try object.end()
        guard said.count <= 1 else {
            throw RPCError(.invalidArgument, "\(object.place): has several sources (\(said.joined(separator: ", "))); leave one")
        }
    }

    private mutating func readPrepare(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        onMissing = try object.choice("onMissing", MissingAction.self)
        validatesChecksum = try object.flag("validateChecksum") ?? true
        force = try object.flag("force") ?? false
        if var place = try object.object("storage") {
            preferredFormat = try place.text("preferredFormat")
            if var libvirt = try place.object("libvirt"), let pool = try libvirt.text("storagePool") { storage = pool }
            if var vsphere = try place.object("vsphere"), let datastore = try vsphere.text("datastore") { storage = datastore }
        }
        // How often and how long the manager tries is the manager's; what could be made smaller may be left as it is.
        for name in ["timeout", "retries", "optimization"] { _ = object.take(name) }
        try object.end()
    }

    /// The flat shape, as upstream's manager writes it in Create.
    package var json: String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            if let templateName { writer.member("TemplateName", templateName) }
            if let path { writer.member("Path", path) }
            if let url { writer.member("URL", url) }
            if let format { writer.member("Format", format) }
            if let storage { writer.member("StoragePool", storage) }
            if let checksum {
                writer.member("Checksum", checksum.hex)
                writer.member("ChecksumType", checksum.algorithm.rawValue)
            }
        }
    }
}
