extension DenseFleet {
    /// How many hosts rules leave a VM.
    public enum Binding: Sendable, Hashable {
        /// More than one.
        case free
        /// Just this one.
        case host(Int)
        /// None.
        case nowhere

        /// What hosts that it may be on come to; `nil` for all.
        init(_ allowed: [Int]?) {
            switch allowed?.count {
            case 0: self = .nowhere
            case 1: self = (allowed?.first).map(Self.host) ?? .free
            default: self = .free
            }
        }

        static let freeNumber: Int32 = -1
        static let nowhereNumber: Int32 = -2

        var number: Int32 {
            switch self {
            case .free: Self.freeNumber
            case .host(let host): Int32(host)
            case .nowhere: Self.nowhereNumber
            }
        }
    }

    /// VMs that must be in at least so many failure domains, and at most so many of them in one.
    public struct Spread: Sendable, Hashable {
        /// The VMs.
        public var members: [Int32]
        /// The fewest domains.
        public var domains: Int
        /// The most in one domain.
        public var most: Int

        /// A group.
        public init(members: [Int32], domains: Int, most: Int = .max) {
            self.members = members
            self.domains = domains
            self.most = most
        }
    }

    /// What a VM would rather have, and what it weighs.
    public struct Wish: Sendable, Hashable {
        /// The kinds of wish.
        public enum Kind: Sendable, Hashable {
            /// Not to share a host with any of these VMs.
            case apart([Int32])
            /// To share its host with these VMs.
            case together([Int32])
            /// To be on one of these hosts.
            case hosts(Set<Int32>)
            /// Not to share a failure domain with any of these VMs.
            case spread([Int32])
        }
        /// What.
        public var kind: Kind
        /// How much.
        public var weight: Double

        /// A wish.
        public init(_ kind: Kind, weight: Double) {
            self.kind = kind
            self.weight = weight
        }
    }
}
