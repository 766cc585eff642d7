import Primitives
import XML

/// Reads a domain's description, as virDomainGetXMLDesc gives it.
extension DomainDefinition {
    /// More devices of a kind than any machine has; the rest is left out.
    private static let deviceLimit = 4096
    /// The longest chain that is followed.
    private static let chainLimit = 1024

    init(_ root: XMLElement) {
        title = root.text(at: "title") ?? ""
        let type = root.first("os/type")
        osType = type?.trimmedText ?? ""
        architecture = type?["arch"] ?? ""
        machine = type?["machine"] ?? ""
        openStack = root.child("metadata")?.children.first { $0.localName == "instance" && Self.isNova($0) }.map(OpenStack.init)
        // Of several with one target the first counts.
        var targets: Set<String> = []
        for element in root.all("devices/disk").prefix(Self.deviceLimit) {
            let disk = Disk(element, chainLimit: Self.chainLimit)
            if !disk.target.isEmpty, targets.insert(disk.target).inserted { disks.append(disk) }
        }
        targets = []
        for element in root.all("devices/interface").prefix(Self.deviceLimit) {
            let interface = Interface(element)
            // One of a domain that is off has no device yet.
            if !interface.target.isEmpty, targets.insert(interface.target).inserted { interfaces.append(interface) }
        }
        if let balloon = root.first("devices/memballoon"), balloon["model"] != "none" {
            let seconds = balloon.child("stats")?["period"].flatMap { UInt32($0) }
            balloonPeriodSeconds = Double(seconds ?? 0)
        }
    }

    /// The namespace has a version at its end: http://openstack.org/xmlns/libvirt/nova/1.1.
    private static func isNova(_ element: XMLElement) -> Bool {
        element.namespace?.hasPrefix("http://openstack.org/xmlns/libvirt/nova/") == true
    }
}

extension DomainDefinition.OpenStack {
    fileprivate init(_ instance: XMLElement) {
        func child(_ name: String, of element: XMLElement?) -> XMLElement? { element?.children.first { $0.localName == name } }
        let owner = child("owner", of: instance)
        instanceName = child("name", of: instance)?.trimmedText ?? ""
        flavor = child("flavor", of: instance)?["name"] ?? ""
        let (user, project) = (child("user", of: owner), child("project", of: owner))
        (userName, userID) = (user?.trimmedText ?? "", user?["uuid"] ?? "")
        (projectName, projectID) = (project?.trimmedText ?? "", project?["uuid"] ?? "")
    }
}

extension DomainDefinition.Disk {
    fileprivate init(_ element: XMLElement, chainLimit: Int) {
        target = element.child("target")?["dev"] ?? ""
        bus = element.child("target")?["bus"] ?? ""
        type = element["type"] ?? ""
        device = element["device"] ?? "disk"
        let driver = element.child("driver")
        (self.driver, format) = (driver?["name"] ?? "", driver?["type"] ?? "")
        (cache, discard) = (driver?["cache"] ?? "", driver?["discard"] ?? "")
        serial = element.text(at: "serial") ?? ""
        if let source = element.child("source") {
            let volume = source["volume"].map { "\(source["pool"] ?? "")/\($0)" }
            self.source = source["file"] ?? source["dev"] ?? volume ?? source["name"] ?? source["dir"] ?? ""
            networkProtocol = source["protocol"] ?? ""
        }
        backingDepth = Self.depth(element, limit: chainLimit)
        for limit in element.child("iotune")?.children ?? [] {
            guard let (kind, type) = Self.limits[limit.name], let value = limit.trimmedText.flatMap({ UInt64($0) }), value > 0,
                !limits.contains(where: { $0.kind == kind && $0.type == type })
            else { continue }
            limits.append(Limit(kind: kind, type: type, value: Double(value)))
        }
    }

    /// An empty element ends the chain; without one libvirt has not looked, as the domain is off.
    private static func depth(_ disk: XMLElement, limit: Int) -> Int? {
        guard var store = disk.child("backingStore") else { return nil }
        var depth = 0
        while store.child("source") != nil, depth < limit {
            depth += 1
            guard let next = store.child("backingStore") else { break }
            store = next
        }
        return depth
    }

    private static let limits: [String: (Limit.Kind, Limit.Way?)] = {
        var limits: [String: (Limit.Kind, Limit.Way?)] = ["size_iops_sec": (.operationSize, nil)]
        for way in Limit.Way.allCases {
            let (bytes, operations) = ("\(way.rawValue)_bytes_sec", "\(way.rawValue)_iops_sec")
            (limits[bytes], limits[operations]) = ((.bytes, way), (.operations, way))
            (limits[bytes + "_max"], limits[operations + "_max"]) = ((.burstBytes, way), (.burstOperations, way))
            (limits[bytes + "_max_length"], limits[operations + "_max_length"]) = ((.bytesBurst, way), (.operationsBurst, way))
        }
        return limits
    }()
}

extension DomainDefinition.Interface {
    fileprivate init(_ element: XMLElement) {
        type = element["type"] ?? ""
        target = element.child("target")?["dev"] ?? ""
        let source = element.child("source")
        self.source = source?["bridge"] ?? source?["network"] ?? source?["dev"] ?? source?["path"] ?? ""
        hardwareAddress = element.child("mac")?["address"] ?? ""
        model = element.child("model")?["type"] ?? ""
        largestPacket = element.child("mtu")?["size"] ?? ""
    }
}

extension SnapshotSummary {
    /// - Parameter descriptions: of all of them, or none.
    init(count: Int, descriptions: [String]) {
        let times = descriptions.compactMap { text -> Double? in
            let root = try? XMLReader.read(text, source: "description of a snapshot")
            return root?.text(at: "creationTime").flatMap { UInt64($0) }.map { Double($0) }
        }
        self.init(count: count, oldestUnixSeconds: times.min(), newestUnixSeconds: times.max())
    }
}
