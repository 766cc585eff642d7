import Synchronization

/// Where machines that want an image could not be made, as `Informers.image` names an image on a provider.
final class ImageDoubts: Sendable {
    private let places = Mutex<Set<String>>([])

    func note(_ place: String) { places.withLock { _ = $0.insert(place) } }
    func contains(_ place: String) -> Bool { places.withLock { $0.contains(place) } }
    func forget(_ place: String) { places.withLock { _ = $0.remove(place) } }
}
