import LibvirtShim

/// What a change is made to: `virDomainModificationImpact`.
package struct ChangeScope: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The domain as it runs.
    package static let live = ChangeScope(rawValue: VIR_DOMAIN_AFFECT_LIVE.rawValue)
    /// The domain as it will be started next.
    package static let config = ChangeScope(rawValue: VIR_DOMAIN_AFFECT_CONFIG.rawValue)
}
