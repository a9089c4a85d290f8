namespace DeployGuard.Registry.Tests;

/// <summary>
/// The cases from the field that signed evidence must answer, each with its tests, wherever they are: what other tools got wrong with real
/// registries. <see cref="FieldCaseTests"/> holds the table to the tests.
/// </summary>
internal static class FieldCases
{
    public const int Count = 40;

    /// <summary>A test is written as the project without its common beginning, folders, class and method.</summary>
    public static IReadOnlyList<(int Number, string What, string[] Tests)> All { get; } =
    [
        (
            1,
            "the referrers API is missing, and descriptors of the fallback tag hide the type of its members",
            ["Registry.Tests/Lookups/PlacesTests.Case01_EveryMemberOfTheFallbackTagIsOpenedWhateverItsDescriptorSays"]
        ),
        (2, "nothing anywhere", ["Registry.Tests/Lookups/PlacesTests.Case02_NothingAnywhereIsNoStatementAndNoFailure"]),
        (
            3,
            "an empty list of referrers, and statements at the tags",
            ["Registry.Tests/Lookups/PlacesTests.Case03_AnEmptyListOfReferrersSaysNothingOfTheTags"]
        ),
        (
            4,
            "400, 405, 501 or a web page in the place of referrers",
            [
                "Registry.Tests/Lookups/PlacesTests.Case04_WhatRegistriesWithoutReferrersAnswerLeadsToTheTag",
                "Registry.Tests/Lookups/PlacesTests.Case04_APageInThePlaceOfReferrersLeadsToTheTag",
            ]
        ),
        (
            5,
            "an attestation without a signature",
            [
                "Registry.Tests/Lookups/PlacesTests.Case05And06_StatementsAreFoundWithoutASignatureOfTheImage",
                "Core.Tests/Attestations/OriginTests.Case05And06_AnAttestationWithoutASignatureCountsBesideAnSbomOfTheSameKey",
            ]
        ),
        (
            6,
            "two statements by one key, offline",
            [
                "Registry.Tests/Lookups/PlacesTests.Case05And06_StatementsAreFoundWithoutASignatureOfTheImage",
                "Core.Tests/Attestations/OriginTests.Case05And06_AnAttestationWithoutASignatureCountsBesideAnSbomOfTheSameKey",
            ]
        ),
        (
            7,
            "statements about platforms, and the pod names the index",
            [
                "Registry.Tests/Lookups/PlatformTests.Case07_StatementsOfEveryPlatformComeWithTheDigestTheyAreAbout",
                "Registry.Tests/Lookups/PlatformTests.Case07_WhatIsNoPlatformIsIgnored",
                "Registry.Tests/Lookups/PlatformTests.Case07_AnEntryThatNamesNoPlatformMayRunAndSoNeedsAStatementToo",
                "Core.Tests/Attestations/OriginTests.Case07_EveryPlatformOfAnIndexMustBeCovered",
            ]
        ),
        (
            8,
            "a statement about the index, and the pod names a platform",
            [
                "Registry.Tests/Lookups/PlatformTests.Case08_AStatementAboutTheIndexIsNotOneAboutThePlatformAndTheResultNamesTheDigest",
                "Core.Tests/Attestations/OriginTests.Case08_AStatementAboutAnIndexCoversItsImagesOnlyIfThePolicySaysSo",
            ]
        ),
        (
            9,
            "the second admission needs the payload too",
            [
                "Registry.Tests/Lookups/CacheTests.Case09And11_TenThousandLookupsOfOneDigestMakeOneRequestAndAllGetThePayload",
                "Core.Tests/Attestations/OriginTests.Case09And31_AKeptVerificationAnswersAgainAndOthersBeforeTheMatchingOneDoNotDisturb",
            ]
        ),
        (
            10,
            "another policy, other keys, other credentials",
            [
                "Registry.Tests/Lookups/CacheTests.Case10_OtherCredentialsOrPlacesAreAnotherLookup",
                "Core.Tests/Attestations/KeySetTests.Case10_OtherKeysOrOtherRolesNeverMeetAnEarlierVerification",
                "Webhook.Tests/Lookups/EvidenceReaderTests.WhatOneKeyVerifiedIsNotBelievedUnderAnother",
            ]
        ),
        (
            11,
            "eight containers of one digest, five keys",
            [
                "Webhook.Tests/Lookups/ManyImagesTests.Case11_EightContainersOfOneDigestUnderFiveKeysMakeOneLookup",
                "Registry.Tests/Lookups/CacheTests.Case11_LookupsOfOneDigestAtTheSameTimeAreOne",
            ]
        ),
        (
            12,
            "ten images in one Deployment",
            [
                "Webhook.Tests/Lookups/ManyImagesTests.Case12_TenImagesAreAskedAboutSideBySide",
                "Registry.Tests/Lookups/DeadlineTests.Case12_TenImagesAreLookedUpSideBySide",
            ]
        ),
        (
            13,
            "a policy that asks for no provenance",
            [
                "Webhook.Tests/Lookups/EvidenceReaderTests.APolicyWithoutKeysCallsNoRegistry",
                "Webhook.Tests/Lookups/EvidenceReaderTests.AnImageThatNoSourceNamesIsNotLookedUp",
                "Registry.Tests/Lookups/RepositoryTests.Case13_WhatIsNotListedIsNeverCalled",
            ]
        ),
        (
            14,
            "429 with Retry-After",
            [
                "Registry.Tests/Transport/ResilienceTests.Case14_ARegistryThatAsksForAPauseIsRetriedNoSooner",
                "Registry.Tests/Transport/ResilienceTests.Case14_ALongPauseIsGrantedWithoutHoldingUpAnybodyAndIsNoVerdict",
            ]
        ),
        (
            15,
            "a registry that hangs",
            [
                "Registry.Tests/Lookups/DeadlineTests.Case15_ALookupThatNobodyWaitsForEndsAndFreesItsConnection",
                "Webhook.Tests/Lookups/EvidenceReaderTests.ARegistryThatHangsIsNotWaitedForAndARetryFindsTheResult",
            ]
        ),
        (
            16,
            "slow once, at first sight of a digest",
            ["Registry.Tests/Lookups/DeadlineTests.Case16_ALookupGoesOnAfterTheAnswerSoThatTheRetryFindsIt"]
        ),
        (17, "an attestation pushed seconds ago", ["Registry.Tests/Lookups/CacheTests.Case17_WhatWasNotThereIsLookedForAgainAfterSeconds"]),
        (
            18,
            "a private registry. Credentials are those of the policy; pull secrets of pods are not read (docs/provenance.md)",
            [
                "Registry.Tests/Transport/BasicAuthenticationTests.Case18_EveryPullSecretIsTried",
                "Registry.Tests/Transport/BasicAuthenticationTests.Case18_WhatWasRefusedNamesTheCredentialsThatWereTried",
            ]
        ),
        (
            19,
            "the realm is on another host",
            [
                "Registry.Tests/Transport/TokenTests.Case19_CredentialsAreNotSentToAnIssuerOfTokensThatIsNotListed",
                "Registry.Tests/Transport/TokenTests.Case19_AListedIssuerOfTokensGetsTheCredentials",
            ]
        ),
        (
            20,
            "Docker Hub's key in a Secret",
            [
                "Registry.Tests/Credentials/DockerConfigTests.Case20_AKeyIsForItsHostAndPathWhateverItsForm",
                "Registry.Tests/Transport/BasicAuthenticationTests.Case20_CredentialsOfDockerHubAreFoundUnderItsOddKeyAndSentToItsRealHost",
            ]
        ),
        (21, "a registry without TLS", ["Registry.Tests/Transport/TlsTests.Case21_ARegistryWithoutTlsIsRefusedUnlessItIsListedAsSuch"]),
        (
            22,
            "a private authority",
            [
                "Registry.Tests/Transport/TlsTests.Case22_ARegistryWithAPrivateAuthorityIsTrustedByItsBundle",
                "Registry.Tests/Transport/TlsTests.Case22_WithoutTheBundleItIsNotTrustedAndTheMessageSaysWhatToList",
                "Registry.Tests/Transport/TlsTests.Case22_ABundleTrustsNoOtherAuthority",
                "Registry.Tests/Transport/TlsTests.Case22_ACertificateForAnotherHostIsNotTrusted",
            ]
        ),
        (
            23,
            "no connection to a transparency log, ever",
            ["Registry.Tests/Transport/ProxyTests.Case23_EveryRequestOfALookupGoesToTheRegistryAndNoneToATransparencyLog"]
        ),
        (
            24,
            "a bundle without a timestamp: by key it counts, by certificate it does not",
            [
                "Core.Tests/Attestations/BundleTests.ABundleWithAKeyAndWithoutATimestampIsVerified",
                "Core.Tests/Attestations/BundleTests.AnotherBundleIsRefused",
            ]
        ),
        (
            25,
            "a mirror without the statements",
            [
                "Registry.Tests/Lookups/RepositoryTests.Case25_AMirrorWithoutStatementsSaysWhereElseItWasLooked",
                "Registry.Tests/Lookups/RepositoryTests.Case25_ARepositoryOfSignaturesIsLookedAtToo",
            ]
        ),
        (
            26,
            "a mirror serves an older digest for a tag",
            [
                "Registry.Tests/Lookups/RepositoryTests.Case26And27_TheTagOfAnImageIsNeverAskedAbout",
                "Registry.Tests/References/ImageReferenceTests.Case26_ATagAloneCannotBeLookedUp",
            ]
        ),
        (27, "a tag and a digest", ["Registry.Tests/References/ImageReferenceTests.Case27_TheDigestDecidesWhereThereIsATagToo"]),
        (
            28,
            "no such image",
            [
                "Registry.Tests/Lookups/RepositoryTests.Case28_AnImageThatDoesNotExistIsNotOneWithoutAStatement",
                "Webhook.Tests/Lookups/EvidenceReaderTests.AnImageThatTheRegistryLacksIsNoFailure",
            ]
        ),
        (
            29,
            "one good and one bad container, in either order; a bad init container",
            [
                "Core.Tests/Safeguards/SignedImagesTests.Case29_OneBadContainerIsRefusedAndNamedWhateverTheOrder",
                "Core.Tests/Safeguards/SignedImagesTests.Case29_ABadInitContainerIsRefusedAndNamed",
            ]
        ),
        (
            30,
            "a threshold of two, and one key that signs twice",
            ["Core.Tests/Attestations/RoleTests.Case30_TwoSignaturesOfOneKeyAreOneOfTwo"]
        ),
        (
            31,
            "an image that does not match before one that does",
            [
                "Core.Tests/Safeguards/SignedImagesTests.Case31_AnUnchangedImageThatNoSourceNamesBeforeTheMatchingOneDisturbsNothing",
                "Webhook.Tests/Lookups/ManyImagesTests.Case31_AnImageThatNoSourceNamesDoesNotEndTheLookupOfTheNext",
            ]
        ),
        (
            32,
            "an empty match: a source without images is an error; a policy without a match guards everything, and its author is warned",
            [
                "Core.Tests/Policies/SignedOriginReaderTests.AMistakeInASourceNamesItsPath",
                "Webhook.Tests/Records/PolicyRulesTests.OnlyAPolicyThatEnforcesEverywhereIsToldItsReach",
            ]
        ),
        (
            33,
            "an image volume",
            [
                "Core.Tests/Safeguards/SignedImagesTests.Case33_AnImageVolumeIsJudgedLikeAContainer",
                "EndToEnd/NewerServerTests.AnImageVolumeIsPinnedAndApproved",
            ]
        ),
        (
            34,
            "an annotation that claims the outcome",
            [
                "Core.Tests/Safeguards/SignedImagesTests.Case34_AnAnnotationThatClaimsTheOutcomeIsIgnored",
                "EndToEnd/BypassRecordTests.Threat15_DeployGuardAnnotationsOnWorkloadsAreIgnored",
            ]
        ),
        (
            35,
            "an object with a deletionTimestamp and a new image",
            ["Core.Tests/Safeguards/SignedImagesTests.Case35_AnObjectThatIsBeingDeletedIsJudgedAsLongAsItCanRunANewImage"]
        ),
        (
            36,
            "a failed lookup while only auditing",
            [
                "Core.Tests/Safeguards/SignedImagesTests.Case36_WhatCannotBeLookedUpDeniesNothingUnlessThePolicyEnforces",
                "Webhook.Tests/Lookups/ManyImagesTests.Case36_WhatCannotBeLookedUpIsNotEvenTriedWhileOnlyAuditing",
            ]
        ),
        (
            37,
            "paging by Link, in every form, without an end",
            [
                "Registry.Tests/Content/NextPageTests.Case37_TheNextPageIsFoundHoweverItIsWritten",
                "Registry.Tests/Content/BoundTests.Case37_AllPagesOfReferrersAreRead",
                "Registry.Tests/Content/BoundTests.Case37_EndlessPagesEndAtTheBound",
            ]
        ),
        (
            38,
            "RSA, P-256 and P-384",
            [
                "Core.Tests/Attestations/KeyTests.AKeyVerifiesWhatItsOtherHalfSigned",
                "Core.Tests/Attestations/KeyTests.AKeyOfAnotherTypeIsRefusedByName",
                "Core.Tests/Policies/SignedOriginReaderTests.AKeyThatIsTooShortIsRefused",
            ]
        ),
        (
            39,
            "a namespaced kind of policy: there is none, and what runs unrecorded is found in the background",
            [
                "Registry.Tests/FieldCaseTests.Case39_PoliciesAreOfTheClusterAlone",
                "Kubernetes.Tests/LeaderTasks/UnrecordedWorkloadScanTests.AWorkloadThatAPolicyMatchesIsReported",
            ]
        ),
        (
            40,
            "manifests, blobs, lists and archives that are too large",
            [
                "Registry.Tests/Content/BoundTests.Case40_OfAThousandReferrersThirtyTwoAreOpenedAndStatementsComeFirst",
                "Registry.Tests/Content/BoundTests.Case40_StatementsInAllPlacesTogetherAreBounded",
                "Registry.Tests/Content/BoundTests.Case40_WhatOneLookupKeepsIsBounded",
                "Registry.Tests/Content/BoundTests.Case40_ABlobThatIsTooLargeIsNotRead",
                "Registry.Tests/Content/BoundTests.Case40_ABlobThatGoesOnAfterItsSizeIsRefused",
                "Registry.Tests/Content/BoundTests.Case40_AnAnswerThatNeverEndsIsReadUpToTheBound",
                "Registry.Tests/Content/BoundTests.Case40_AnAnswerThatUnpacksToFarMoreIsNotUnpacked",
            ]
        ),
    ];
}
