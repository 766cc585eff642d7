/// Snapshots of domains.
extension LibvirtAnswers {
    private struct Found {
        let domain: DomainPlan
        let snapshot: DomainPlan.Snapshot
    }

    private func find(_ name: String, of domain: DomainPlan) throws(LibvirtError) -> Found {
        guard let snapshot = world.snapshots(of: domain, at: moment).first(where: { $0.name == name }) else {
            throw LibvirtError(.noDomainSnapshot, "no domain snapshot with matching name '\(HostileText.oneLine(name, limit: 100))'")
        }
        return Found(domain: domain, snapshot: snapshot)
    }

    private func snapshot(_ arguments: inout LibvirtArguments) throws(LibvirtError) -> Found {
        let name = try arguments.string()
        return try find(name, of: try arguments.domain())
    }

    private func write(_ found: Found, _ writer: inout XDRWriter) {
        writer.string(found.snapshot.name)
        write(found.domain, &writer)
    }

    private func children(of found: Found) -> [Found] {
        world.snapshots(of: found.domain, at: moment).filter { $0.parent == found.snapshot.name }.map {
            Found(domain: found.domain, snapshot: $0)
        }
    }

    /// virDomainSnapshotListFlags that choose: those without a parent, those without children, those with.
    private func snapshots(of domain: DomainPlan, _ flags: UInt32) -> [Found] {
        var found = world.snapshots(of: domain, at: moment).map { Found(domain: domain, snapshot: $0) }
        if flags & 1 != 0 { found.removeAll { $0.snapshot.parent != nil } }
        if flags & 12 == 4 { found.removeAll { !children(of: $0).isEmpty } }
        if flags & 12 == 8 { found.removeAll { children(of: $0).isEmpty } }
        return found
    }

    func answerAboutSnapshots(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .domainListAllSnapshots:
            let domain = try arguments.domain()
            let needsResults = try arguments.boolean()
            let found = snapshots(of: domain, try arguments.unsigned())
            writer.array(needsResults ? found : []) { write($1, &$0) }
            writer.integer(found.count)
        case .domainSnapshotNum:
            let domain = try arguments.domain()
            writer.integer(snapshots(of: domain, try arguments.unsigned()).count)
        case .domainSnapshotListNames:
            let domain = try arguments.domain()
            let most = try arguments.integer()
            let found = snapshots(of: domain, try arguments.unsigned())
            writer.array(found.prefix(Int(max(0, most)))) { $0.string($1.snapshot.name) }
        case .domainSnapshotLookupByName:
            let domain = try arguments.domain()
            write(try find(try arguments.string(), of: domain), &writer)
        case .domainHasCurrentSnapshot:
            let domain = try arguments.domain()
            writer.boolean(!world.snapshots(of: domain, at: moment).isEmpty)
        case .domainSnapshotCurrent:
            let domain = try arguments.domain()
            guard let last = world.snapshots(of: domain, at: moment).last else {
                throw LibvirtError(.noDomainSnapshot, "the domain does not have a current snapshot")
            }
            write(Found(domain: domain, snapshot: last), &writer)
        case .domainSnapshotGetXMLDesc:
            let found = try snapshot(&arguments)
            writer.string(DomainXML(world: world, domain: found.domain, moment: moment).snapshot(found.snapshot))
        case .domainSnapshotGetParent:
            let found = try snapshot(&arguments)
            guard let parent = found.snapshot.parent else {
                throw LibvirtError(.noDomainSnapshot, "snapshot '\(found.snapshot.name)' does not have a parent")
            }
            write(try find(parent, of: found.domain), &writer)
        case .domainSnapshotNumChildren: writer.integer(children(of: try snapshot(&arguments)).count)
        case .domainSnapshotListAllChildren:
            let children = children(of: try snapshot(&arguments))
            writer.array(try arguments.boolean() ? children : []) { write($1, &$0) }
            writer.integer(children.count)
        case .domainSnapshotIsCurrent:
            let found = try snapshot(&arguments)
            writer.boolean(world.snapshots(of: found.domain, at: moment).last?.name == found.snapshot.name)
        case .domainSnapshotHasMetadata:
            _ = try snapshot(&arguments)
            writer.boolean(true)
        default: return false
        }
        return true
    }
}
