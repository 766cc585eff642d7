package import Web

/// How a server of the settings is, as far as one look tells.
package struct SurveyedServer: Sendable {
    /// An answer that says: not with this credential, or not without one.
    package struct Refusal: Sendable, Equatable {
        package let path: String
        package let status: Int

        package init(path: String, status: Int) { (self.path, self.status) = (path, status) }
    }

    /// What a probe would ask.
    package enum Probe: Sendable, Equatable {
        case off
        /// Of this kind nothing can be asked.
        case impossible
        /// It does not tell its models, and the settings name none.
        case unnamed
        /// That is not loaded, so that nothing is asked; empty where none at all is.
        case unloaded(String)
        case model(String)
    }

    package var name: String
    package var url: String
    /// Whether the settings name it, and not only a port where it may be.
    package var isNamed = true
    package var hasCredential = false
    package var believesAnybody = false
    /// What the settings say that it is; nil for nothing.
    package var wantedKind: String?
    /// What its answers say; nil where they say nothing that is known.
    package var foundKind: String?
    /// How the kind that it was asked as is written; empty for none.
    package var title = ""
    /// Why there is no answer at all.
    package var failure: HTTPClientError?
    package var refused: [Refusal] = []
    /// Its clock less ours, as far as an answer told.
    package var clockSkewSeconds: Double?
    /// Whether some question was answered as its kind answers it.
    package var isUp = false
    package var isReady: Bool?
    package var version = ""
    /// The oldest and the newest version that the kind's table was held against; nil where that was none.
    package var knownVersions: KnownVersions?
    /// Whether it has an exposition; nil where nobody knows.
    package var hasMetrics: Bool?
    /// Families that the table does not know.
    package var unknownFamilies = 0
    /// What was wrong with an answer.
    package var problem: String?
    package var models: [String] = []
    package var probe = Probe.off

    package init(name: String, url: String) { (self.name, self.url) = (name, url) }

    init(_ target: ServerTarget) {
        self.init(name: target.name, url: target.address.url)
        isNamed = target.origin == .configuration
        hasCredential = target.address.authorization != nil
        believesAnybody = target.address.trust == .insecure
        wantedKind = target.kind
    }

    mutating func take(_ picture: ServerPicture, _ kind: any ServerKind.Type, _ target: ServerTarget, limit: Int) {
        title = kind.title
        (isUp, isReady, version, hasMetrics) = (picture.isUp, picture.isReady, picture.version, picture.hasNativeMetrics)
        unknownFamilies = picture.unmappedFamilies ?? 0
        problem = picture.problem?.message
        knownVersions = KnownVersions.of(kind.name)
        models = picture.loaded.sorted()
        guard target.isProbed else { return }
        guard let dialect = kind.dialect else { return probe = .impossible }
        let probed = ProbedServer(
            name: target.name, kind: kind.name, address: target.address, dialect: target.dialect ?? dialect,
            wantedModel: target.probedModel, loadedModels: picture.hasAny(.modelLoaded) ? models : nil, expirations: [:], waiting: nil,
            isReady: true)
        switch probed.model {
        case nil: probe = .unloaded(target.probedModel ?? "")
        case "": probe = .unnamed
        case let model?: probe = .model(model)
        }
    }
}
