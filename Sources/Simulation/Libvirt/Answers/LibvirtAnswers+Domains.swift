/// Domains, as they are listed and found.
extension LibvirtAnswers {
    /// virConnectListAllDomainsFlags as a domain has them.
    private func bits(of domain: DomainPlan, _ life: KVMWorld.Life) -> UInt32 {
        var bits: UInt32 = life.isActive ? 1 << 0 : 1 << 1
        bits |= domain.isPersistent ? 1 << 2 : 1 << 3
        switch life {
        case .running: bits |= 1 << 4
        case .paused: bits |= 1 << 5
        case .off: bits |= 1 << 6
        }
        // None has been saved, and none has a checkpoint.
        bits |= 1 << 9 | 1 << 15
        bits |= domain.startsWithHost ? 1 << 10 : 1 << 11
        return bits | (world.snapshots(of: domain, at: moment).isEmpty ? 1 << 13 : 1 << 12)
    }

    /// Groups of bits: of each in which some are asked for a domain needs one.
    private static let filters: [UInt32] = [0b11, 0b11 << 2, 0b1111 << 4, 0b11 << 8, 0b11 << 10, 0b11 << 12, 0b11 << 14]

    /// Those that are there and that the flags let through.
    func domains(_ flags: UInt32 = 0) -> [DomainPlan] { plan.domains.filter { lets($0, through: flags) } }

    func lets(_ domain: DomainPlan, through flags: UInt32) -> Bool {
        let life = world.life(of: domain, at: moment)
        guard domain.isPersistent || life.isActive else { return false }
        let bits = bits(of: domain, life)
        return Self.filters.allSatisfy { flags & $0 == 0 || flags & $0 & bits != 0 }
    }

    func write(_ domain: DomainPlan, _ writer: inout XDRWriter) {
        writer.string(domain.name)
        writer.fixedOpaque(domain.uuid)
        writer.integer(world.number(of: domain, at: moment))
    }

    /// A domain that is active. Errors: it is off.
    func active(_ domain: DomainPlan) throws(LibvirtError) -> DomainPlan {
        guard world.life(of: domain, at: moment).isActive else { throw .notRunning }
        return domain
    }

    func answerAboutDomain(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .connectListAllDomains:
            let needsResults = try arguments.boolean()
            let found = domains(try arguments.unsigned())
            writer.array(needsResults ? found : []) { write($1, &$0) }
            writer.count(found.count)
        case .connectNumOfDomains: writer.integer(domains(1).count)
        case .connectNumOfDefinedDomains: writer.integer(domains(2).count)
        case .connectListDomains:
            let most = try arguments.integer()
            writer.array(domains(1).prefix(Int(max(0, most)))) { $0.integer(world.number(of: $1, at: moment)) }
        case .connectListDefinedDomains:
            let most = try arguments.integer()
            writer.array(domains(2).prefix(Int(max(0, most)))) { $0.string($1.name) }
        case .domainLookupByID:
            let number = try arguments.integer()
            guard number > 0, let domain = domains(1).first(where: { world.number(of: $0, at: moment) == number }) else {
                throw LibvirtError(.noDomain, "no domain with matching id \(number)")
            }
            write(domain, &writer)
        case .domainLookupByName:
            let name = try arguments.string()
            guard let domain = plan.domain(name: name), lets(domain, through: 0) else {
                throw LibvirtError(.noDomain, "no domain with matching name '\(HostileText.oneLine(name, limit: 100))'")
            }
            write(domain, &writer)
        case .domainLookupByUUID:
            let uuid = try arguments.uuid()
            guard let domain = plan.domain(uuid: uuid), lets(domain, through: 0) else {
                throw LibvirtError(.noDomain, "no domain with matching uuid '\(DomainPlan.text(ofUUID: uuid))'")
            }
            write(domain, &writer)
        case .domainGetXMLDesc:
            let domain = try arguments.domain()
            // VIR_DOMAIN_XML_INACTIVE
            let isConfiguration = try arguments.unsigned() & 2 != 0
            writer.string(DomainXML(world: world, domain: domain, moment: moment, isConfiguration: isConfiguration).text)
        case .domainGetInfo:
            let domain = try arguments.domain()
            writer.integer(world.life(of: domain, at: moment).state.state)
            writer.unsignedHyper(domain.memoryKiB)
            writer.unsignedHyper(domain.balloonKiB)
            writer.integer(domain.vcpus)
            writer.unsignedHyper(world.cpu(of: domain, at: moment).total)
        case .domainGetState:
            let state = world.life(of: try arguments.domain(), at: moment).state
            writer.integer(state.state)
            writer.integer(state.reason)
        case .domainGetControlInfo:
            let domain = try active(try arguments.domain())
            // virDomainControlState: all is well, a job of the domain runs, somebody waits for QEMU; then for how many milliseconds.
            let lockedSince = world.lockedSince(domain, at: moment)
            let seconds = lockedSince.map { moment - $0 } ?? occupied[domain.index]
            writer.unsignedInteger(lockedSince != nil ? 1 : seconds != nil ? 2 : 0)
            writer.unsignedInteger(0)
            writer.unsignedHyper(UInt64(max(0, seconds ?? 0) * 1000))
        case .domainGetAutostart: writer.boolean(try arguments.domain().startsWithHost)
        case .domainIsActive: writer.boolean(world.life(of: try arguments.domain(), at: moment).isActive)
        case .domainIsPersistent: writer.boolean(try arguments.domain().isPersistent)
        case .domainIsUpdated, .domainHasManagedSaveImage:
            _ = try arguments.domain()
            writer.boolean(false)
        case .domainGetMaxMemory: writer.unsignedHyper(try arguments.domain().memoryKiB)
        case .domainGetMaxVcpus: writer.integer(try arguments.domain().mostVcpus)
        case .domainGetVcpusFlags:
            let domain = try arguments.domain()
            // VIR_DOMAIN_VCPU_MAXIMUM
            writer.integer(try arguments.unsigned() & 4 != 0 ? domain.mostVcpus : domain.vcpus)
        case .domainGetOSType:
            _ = try arguments.domain()
            writer.string("hvm")
        case .domainGetSecurityLabel:
            let domain = try arguments.domain()
            let isActive = world.life(of: domain, at: moment).isActive
            Self.write(characters: isActive ? "libvirt-\(domain.uuidText)" : "", &writer)
            writer.boolean(isActive)
        case .domainGetMetadata:
            let domain = try arguments.domain()
            // VIR_DOMAIN_METADATA_TITLE
            guard try arguments.integer() == 1, let title = domain.title else {
                throw LibvirtError(.noDomainMetadata, "Requested metadata element is not present")
            }
            writer.string(title)
        case .domainGetMessages:
            _ = try arguments.domain()
            writer.count(0)
        case .domainListAllCheckpoints:
            _ = try arguments.domain()
            writer.count(0)
            writer.integer(Int32(0))
        case .domainGetGuestInfo:
            _ = try active(try arguments.domain())
            throw LibvirtError(.agentUnresponsive, "QEMU guest agent is not connected")
        default: return false
        }
        return true
    }
}
