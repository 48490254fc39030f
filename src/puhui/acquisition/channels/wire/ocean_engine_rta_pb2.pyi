from google.protobuf import wrappers_pb2 as _wrappers_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlatformType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLATFORM_UNKNOWN: _ClassVar[PlatformType]
    ANDROID: _ClassVar[PlatformType]
    IOS: _ClassVar[PlatformType]

class DeviceType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_UNKNOWN: _ClassVar[DeviceType]
    PHONE: _ClassVar[DeviceType]
    TABLET: _ClassVar[DeviceType]

class DeviceOsType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_OS_UNKNOWN: _ClassVar[DeviceOsType]
    DEVICE_ANDROID: _ClassVar[DeviceOsType]
    DEVICE_IOS: _ClassVar[DeviceOsType]
    DEVICE_WINDOWS: _ClassVar[DeviceOsType]

class GenderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GENDER_UNKNOWN: _ClassVar[GenderType]
    MALE: _ClassVar[GenderType]
    FEMALE: _ClassVar[GenderType]

class DidType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMEI: _ClassVar[DidType]
    IMEI_MD5: _ClassVar[DidType]
    ANDROID_ID: _ClassVar[DidType]
    ANDROID_ID_MD5: _ClassVar[DidType]
    IDFA: _ClassVar[DidType]
    IDFA_MD5: _ClassVar[DidType]
    OAID: _ClassVar[DidType]
    OAID_MD5: _ClassVar[DidType]
    GAID: _ClassVar[DidType]
    GAID_MD5: _ClassVar[DidType]

class EnableStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISABLE: _ClassVar[EnableStrategy]
    ENABLE_DEFAULT: _ClassVar[EnableStrategy]
    ENABLE_Type_2: _ClassVar[EnableStrategy]
    ENABLE_Type_3: _ClassVar[EnableStrategy]
    ENABLE_Type_4: _ClassVar[EnableStrategy]
    ENABLE_Type_5: _ClassVar[EnableStrategy]
    ENABLE_Type_6: _ClassVar[EnableStrategy]
    ENABLE_Type_7: _ClassVar[EnableStrategy]
    ENABLE_Type_8: _ClassVar[EnableStrategy]
    ENABLE_Type_9: _ClassVar[EnableStrategy]
    ENABLE_Type_10: _ClassVar[EnableStrategy]

class ImageMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMAGE_DEFAULT: _ClassVar[ImageMode]
    IMAGE_VIDEO: _ClassVar[ImageMode]
    IMAGE_OTHER: _ClassVar[ImageMode]

class CusVid(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CUS_VID_UNKNOWN: _ClassVar[CusVid]
    CUS_VID_1: _ClassVar[CusVid]
    CUS_VID_2: _ClassVar[CusVid]
    CUS_VID_3: _ClassVar[CusVid]
    CUS_VID_4: _ClassVar[CusVid]
    CUS_VID_5: _ClassVar[CusVid]
    CUS_VID_6: _ClassVar[CusVid]
    CUS_VID_7: _ClassVar[CusVid]
    CUS_VID_8: _ClassVar[CusVid]
    CUS_VID_9: _ClassVar[CusVid]
    CUS_VID_10: _ClassVar[CusVid]
PLATFORM_UNKNOWN: PlatformType
ANDROID: PlatformType
IOS: PlatformType
DEVICE_UNKNOWN: DeviceType
PHONE: DeviceType
TABLET: DeviceType
DEVICE_OS_UNKNOWN: DeviceOsType
DEVICE_ANDROID: DeviceOsType
DEVICE_IOS: DeviceOsType
DEVICE_WINDOWS: DeviceOsType
GENDER_UNKNOWN: GenderType
MALE: GenderType
FEMALE: GenderType
IMEI: DidType
IMEI_MD5: DidType
ANDROID_ID: DidType
ANDROID_ID_MD5: DidType
IDFA: DidType
IDFA_MD5: DidType
OAID: DidType
OAID_MD5: DidType
GAID: DidType
GAID_MD5: DidType
DISABLE: EnableStrategy
ENABLE_DEFAULT: EnableStrategy
ENABLE_Type_2: EnableStrategy
ENABLE_Type_3: EnableStrategy
ENABLE_Type_4: EnableStrategy
ENABLE_Type_5: EnableStrategy
ENABLE_Type_6: EnableStrategy
ENABLE_Type_7: EnableStrategy
ENABLE_Type_8: EnableStrategy
ENABLE_Type_9: EnableStrategy
ENABLE_Type_10: EnableStrategy
IMAGE_DEFAULT: ImageMode
IMAGE_VIDEO: ImageMode
IMAGE_OTHER: ImageMode
CUS_VID_UNKNOWN: CusVid
CUS_VID_1: CusVid
CUS_VID_2: CusVid
CUS_VID_3: CusVid
CUS_VID_4: CusVid
CUS_VID_5: CusVid
CUS_VID_6: CusVid
CUS_VID_7: CusVid
CUS_VID_8: CusVid
CUS_VID_9: CusVid
CUS_VID_10: CusVid

class Paid(_message.Message):
    __slots__ = ("value", "version")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    value: str
    version: str
    def __init__(self, value: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("imei_md5", "android_id_md5", "oaid", "idfa", "imei_secure_id", "caid1", "caid2", "global_did", "gaid", "imei_md5_secure_id", "idfa_secure_id", "idfa_md5_secure_id", "oaid_secure_id", "oaid_md5_secure_id", "sk_version", "ip", "ua", "union_imei", "paid", "idfv", "mb_time_md5", "boot_time_md5", "caid1_secure_id", "caid2_secure_id", "app_id", "device_os_type", "os_version", "interface_type", "content_group", "caid1_version", "caid2_version", "paids", "caid")
    IMEI_MD5_FIELD_NUMBER: _ClassVar[int]
    ANDROID_ID_MD5_FIELD_NUMBER: _ClassVar[int]
    OAID_FIELD_NUMBER: _ClassVar[int]
    IDFA_FIELD_NUMBER: _ClassVar[int]
    IMEI_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    CAID1_FIELD_NUMBER: _ClassVar[int]
    CAID2_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_DID_FIELD_NUMBER: _ClassVar[int]
    GAID_FIELD_NUMBER: _ClassVar[int]
    IMEI_MD5_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    IDFA_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    IDFA_MD5_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    OAID_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    OAID_MD5_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    SK_VERSION_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    UA_FIELD_NUMBER: _ClassVar[int]
    UNION_IMEI_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    IDFV_FIELD_NUMBER: _ClassVar[int]
    MB_TIME_MD5_FIELD_NUMBER: _ClassVar[int]
    BOOT_TIME_MD5_FIELD_NUMBER: _ClassVar[int]
    CAID1_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    CAID2_SECURE_ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_OS_TYPE_FIELD_NUMBER: _ClassVar[int]
    OS_VERSION_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_GROUP_FIELD_NUMBER: _ClassVar[int]
    CAID1_VERSION_FIELD_NUMBER: _ClassVar[int]
    CAID2_VERSION_FIELD_NUMBER: _ClassVar[int]
    PAIDS_FIELD_NUMBER: _ClassVar[int]
    CAID_FIELD_NUMBER: _ClassVar[int]
    imei_md5: str
    android_id_md5: str
    oaid: str
    idfa: str
    imei_secure_id: str
    caid1: str
    caid2: str
    global_did: str
    gaid: str
    imei_md5_secure_id: str
    idfa_secure_id: str
    idfa_md5_secure_id: str
    oaid_secure_id: str
    oaid_md5_secure_id: str
    sk_version: str
    ip: str
    ua: str
    union_imei: str
    paid: str
    idfv: str
    mb_time_md5: str
    boot_time_md5: str
    caid1_secure_id: str
    caid2_secure_id: str
    app_id: int
    device_os_type: DeviceOsType
    os_version: str
    interface_type: DeviceOsType
    content_group: str
    caid1_version: str
    caid2_version: str
    paids: _containers.RepeatedCompositeFieldContainer[Paid]
    caid: str
    def __init__(self, imei_md5: _Optional[str] = ..., android_id_md5: _Optional[str] = ..., oaid: _Optional[str] = ..., idfa: _Optional[str] = ..., imei_secure_id: _Optional[str] = ..., caid1: _Optional[str] = ..., caid2: _Optional[str] = ..., global_did: _Optional[str] = ..., gaid: _Optional[str] = ..., imei_md5_secure_id: _Optional[str] = ..., idfa_secure_id: _Optional[str] = ..., idfa_md5_secure_id: _Optional[str] = ..., oaid_secure_id: _Optional[str] = ..., oaid_md5_secure_id: _Optional[str] = ..., sk_version: _Optional[str] = ..., ip: _Optional[str] = ..., ua: _Optional[str] = ..., union_imei: _Optional[str] = ..., paid: _Optional[str] = ..., idfv: _Optional[str] = ..., mb_time_md5: _Optional[str] = ..., boot_time_md5: _Optional[str] = ..., caid1_secure_id: _Optional[str] = ..., caid2_secure_id: _Optional[str] = ..., app_id: _Optional[int] = ..., device_os_type: _Optional[_Union[DeviceOsType, str]] = ..., os_version: _Optional[str] = ..., interface_type: _Optional[_Union[DeviceOsType, str]] = ..., content_group: _Optional[str] = ..., caid1_version: _Optional[str] = ..., caid2_version: _Optional[str] = ..., paids: _Optional[_Iterable[_Union[Paid, _Mapping]]] = ..., caid: _Optional[str] = ...) -> None: ...

class Industry(_message.Message):
    __slots__ = ("first_industry", "second_industry")
    FIRST_INDUSTRY_FIELD_NUMBER: _ClassVar[int]
    SECOND_INDUSTRY_FIELD_NUMBER: _ClassVar[int]
    first_industry: int
    second_industry: int
    def __init__(self, first_industry: _Optional[int] = ..., second_industry: _Optional[int] = ...) -> None: ...

class Geo(_message.Message):
    __slots__ = ("city", "lat", "lon", "Country", "district")
    CITY_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    city: int
    lat: float
    lon: float
    Country: str
    district: int
    def __init__(self, city: _Optional[int] = ..., lat: _Optional[float] = ..., lon: _Optional[float] = ..., Country: _Optional[str] = ..., district: _Optional[int] = ...) -> None: ...

class ModelMeta(_message.Message):
    __slots__ = ("id", "score")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    id: str
    score: float
    def __init__(self, id: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class PrivateModel(_message.Message):
    __slots__ = ("model_meta",)
    MODEL_META_FIELD_NUMBER: _ClassVar[int]
    model_meta: _containers.RepeatedCompositeFieldContainer[ModelMeta]
    def __init__(self, model_meta: _Optional[_Iterable[_Union[ModelMeta, _Mapping]]] = ...) -> None: ...

class AdvPrivateModel(_message.Message):
    __slots__ = ("adv_private_model",)
    class AdvPrivateModelEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: PrivateModel
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[PrivateModel, _Mapping]] = ...) -> None: ...
    ADV_PRIVATE_MODEL_FIELD_NUMBER: _ClassVar[int]
    adv_private_model: _containers.MessageMap[int, PrivateModel]
    def __init__(self, adv_private_model: _Optional[_Mapping[int, PrivateModel]] = ...) -> None: ...

class Req(_message.Message):
    __slots__ = ("platform", "did", "slot_id", "age", "gender", "city", "model", "install_list", "did_type", "experiment", "device_type", "req_id", "source", "rta_ids", "enable_strategy", "tt_did", "device", "industry", "geo", "DeviceModel", "creative_type", "ad_slot_type", "app_bundle_id", "vids", "private_model", "image_mode", "user_id", "adx_id", "app_id")
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    DID_FIELD_NUMBER: _ClassVar[int]
    SLOT_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INSTALL_LIST_FIELD_NUMBER: _ClassVar[int]
    DID_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    REQ_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RTA_IDS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    TT_DID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    INDUSTRY_FIELD_NUMBER: _ClassVar[int]
    GEO_FIELD_NUMBER: _ClassVar[int]
    DEVICEMODEL_FIELD_NUMBER: _ClassVar[int]
    CREATIVE_TYPE_FIELD_NUMBER: _ClassVar[int]
    AD_SLOT_TYPE_FIELD_NUMBER: _ClassVar[int]
    APP_BUNDLE_ID_FIELD_NUMBER: _ClassVar[int]
    VIDS_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_MODEL_FIELD_NUMBER: _ClassVar[int]
    IMAGE_MODE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ADX_ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    platform: PlatformType
    did: str
    slot_id: int
    age: int
    gender: GenderType
    city: str
    model: str
    install_list: _containers.RepeatedScalarFieldContainer[str]
    did_type: DidType
    experiment: int
    device_type: DeviceType
    req_id: str
    source: str
    rta_ids: _containers.RepeatedScalarFieldContainer[int]
    enable_strategy: EnableStrategy
    tt_did: int
    device: Device
    industry: Industry
    geo: Geo
    DeviceModel: str
    creative_type: _containers.RepeatedScalarFieldContainer[int]
    ad_slot_type: int
    app_bundle_id: str
    vids: _containers.RepeatedScalarFieldContainer[int]
    private_model: _containers.RepeatedCompositeFieldContainer[ModelMeta]
    image_mode: ImageMode
    user_id: int
    adx_id: int
    app_id: int
    def __init__(self, platform: _Optional[_Union[PlatformType, str]] = ..., did: _Optional[str] = ..., slot_id: _Optional[int] = ..., age: _Optional[int] = ..., gender: _Optional[_Union[GenderType, str]] = ..., city: _Optional[str] = ..., model: _Optional[str] = ..., install_list: _Optional[_Iterable[str]] = ..., did_type: _Optional[_Union[DidType, str]] = ..., experiment: _Optional[int] = ..., device_type: _Optional[_Union[DeviceType, str]] = ..., req_id: _Optional[str] = ..., source: _Optional[str] = ..., rta_ids: _Optional[_Iterable[int]] = ..., enable_strategy: _Optional[_Union[EnableStrategy, str]] = ..., tt_did: _Optional[int] = ..., device: _Optional[_Union[Device, _Mapping]] = ..., industry: _Optional[_Union[Industry, _Mapping]] = ..., geo: _Optional[_Union[Geo, _Mapping]] = ..., DeviceModel: _Optional[str] = ..., creative_type: _Optional[_Iterable[int]] = ..., ad_slot_type: _Optional[int] = ..., app_bundle_id: _Optional[str] = ..., vids: _Optional[_Iterable[int]] = ..., private_model: _Optional[_Iterable[_Union[ModelMeta, _Mapping]]] = ..., image_mode: _Optional[_Union[ImageMode, str]] = ..., user_id: _Optional[int] = ..., adx_id: _Optional[int] = ..., app_id: _Optional[int] = ...) -> None: ...

class UserInfo(_message.Message):
    __slots__ = ("is_interested", "user_scores", "rta_id", "pid_lists", "action_scores", "target_advertiser_ids", "ad_ids", "advertising_scene", "cus_vid")
    class UserType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EMPTY: _ClassVar[UserInfo.UserType]
        PRICE_COEF: _ClassVar[UserInfo.UserType]
        DEFAULT: _ClassVar[UserInfo.UserType]
        PRICE_BID: _ClassVar[UserInfo.UserType]
        RTA_BID: _ClassVar[UserInfo.UserType]
        BOOST_COEF: _ClassVar[UserInfo.UserType]
        DEEP_MIN: _ClassVar[UserInfo.UserType]
    EMPTY: UserInfo.UserType
    PRICE_COEF: UserInfo.UserType
    DEFAULT: UserInfo.UserType
    PRICE_BID: UserInfo.UserType
    RTA_BID: UserInfo.UserType
    BOOST_COEF: UserInfo.UserType
    DEEP_MIN: UserInfo.UserType
    class PidType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PidType_0: _ClassVar[UserInfo.PidType]
        PidType_1: _ClassVar[UserInfo.PidType]
        PidType_2: _ClassVar[UserInfo.PidType]
        PidType_3: _ClassVar[UserInfo.PidType]
        PidType_4: _ClassVar[UserInfo.PidType]
    PidType_0: UserInfo.PidType
    PidType_1: UserInfo.PidType
    PidType_2: UserInfo.PidType
    PidType_3: UserInfo.PidType
    PidType_4: UserInfo.PidType
    class PricingType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NOLIMIT: _ClassVar[UserInfo.PricingType]
        OCPM: _ClassVar[UserInfo.PricingType]
        OCPC: _ClassVar[UserInfo.PricingType]
        CPC: _ClassVar[UserInfo.PricingType]
    NOLIMIT: UserInfo.PricingType
    OCPM: UserInfo.PricingType
    OCPC: UserInfo.PricingType
    CPC: UserInfo.PricingType
    class ActionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_DEFAULT: _ClassVar[UserInfo.ActionType]
        IN_APP_ORDER: _ClassVar[UserInfo.ActionType]
        CUSTOMER_EFFECTIVE: _ClassVar[UserInfo.ActionType]
        LOAN_CREDIT: _ClassVar[UserInfo.ActionType]
    ACTION_DEFAULT: UserInfo.ActionType
    IN_APP_ORDER: UserInfo.ActionType
    CUSTOMER_EFFECTIVE: UserInfo.ActionType
    LOAN_CREDIT: UserInfo.ActionType
    class UserQuality(_message.Message):
        __slots__ = ("user_type", "quality", "pricing_type")
        USER_TYPE_FIELD_NUMBER: _ClassVar[int]
        QUALITY_FIELD_NUMBER: _ClassVar[int]
        PRICING_TYPE_FIELD_NUMBER: _ClassVar[int]
        user_type: UserInfo.UserType
        quality: float
        pricing_type: UserInfo.PricingType
        def __init__(self, user_type: _Optional[_Union[UserInfo.UserType, str]] = ..., quality: _Optional[float] = ..., pricing_type: _Optional[_Union[UserInfo.PricingType, str]] = ...) -> None: ...
    class ActionQuality(_message.Message):
        __slots__ = ("action_type", "quality")
        ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
        QUALITY_FIELD_NUMBER: _ClassVar[int]
        action_type: UserInfo.ActionType
        quality: float
        def __init__(self, action_type: _Optional[_Union[UserInfo.ActionType, str]] = ..., quality: _Optional[float] = ...) -> None: ...
    class PidScore(_message.Message):
        __slots__ = ("pid", "user_type", "quality")
        PID_FIELD_NUMBER: _ClassVar[int]
        USER_TYPE_FIELD_NUMBER: _ClassVar[int]
        QUALITY_FIELD_NUMBER: _ClassVar[int]
        pid: int
        user_type: UserInfo.UserType
        quality: float
        def __init__(self, pid: _Optional[int] = ..., user_type: _Optional[_Union[UserInfo.UserType, str]] = ..., quality: _Optional[float] = ...) -> None: ...
    class PidList(_message.Message):
        __slots__ = ("pid_type", "pids", "platform_id", "pid_scores")
        PID_TYPE_FIELD_NUMBER: _ClassVar[int]
        PIDS_FIELD_NUMBER: _ClassVar[int]
        PLATFORM_ID_FIELD_NUMBER: _ClassVar[int]
        PID_SCORES_FIELD_NUMBER: _ClassVar[int]
        pid_type: UserInfo.PidType
        pids: _containers.RepeatedScalarFieldContainer[int]
        platform_id: int
        pid_scores: _containers.RepeatedCompositeFieldContainer[UserInfo.PidScore]
        def __init__(self, pid_type: _Optional[_Union[UserInfo.PidType, str]] = ..., pids: _Optional[_Iterable[int]] = ..., platform_id: _Optional[int] = ..., pid_scores: _Optional[_Iterable[_Union[UserInfo.PidScore, _Mapping]]] = ...) -> None: ...
    IS_INTERESTED_FIELD_NUMBER: _ClassVar[int]
    USER_SCORES_FIELD_NUMBER: _ClassVar[int]
    RTA_ID_FIELD_NUMBER: _ClassVar[int]
    PID_LISTS_FIELD_NUMBER: _ClassVar[int]
    ACTION_SCORES_FIELD_NUMBER: _ClassVar[int]
    TARGET_ADVERTISER_IDS_FIELD_NUMBER: _ClassVar[int]
    AD_IDS_FIELD_NUMBER: _ClassVar[int]
    ADVERTISING_SCENE_FIELD_NUMBER: _ClassVar[int]
    CUS_VID_FIELD_NUMBER: _ClassVar[int]
    is_interested: bool
    user_scores: _containers.RepeatedCompositeFieldContainer[UserInfo.UserQuality]
    rta_id: int
    pid_lists: _containers.RepeatedCompositeFieldContainer[UserInfo.PidList]
    action_scores: _containers.RepeatedCompositeFieldContainer[UserInfo.ActionQuality]
    target_advertiser_ids: _containers.RepeatedScalarFieldContainer[int]
    ad_ids: _containers.RepeatedScalarFieldContainer[int]
    advertising_scene: int
    cus_vid: CusVid
    def __init__(self, is_interested: bool = ..., user_scores: _Optional[_Iterable[_Union[UserInfo.UserQuality, _Mapping]]] = ..., rta_id: _Optional[int] = ..., pid_lists: _Optional[_Iterable[_Union[UserInfo.PidList, _Mapping]]] = ..., action_scores: _Optional[_Iterable[_Union[UserInfo.ActionQuality, _Mapping]]] = ..., target_advertiser_ids: _Optional[_Iterable[int]] = ..., ad_ids: _Optional[_Iterable[int]] = ..., advertising_scene: _Optional[int] = ..., cus_vid: _Optional[_Union[CusVid, str]] = ...) -> None: ...

class Rsp(_message.Message):
    __slots__ = ("status_code", "exclude_advertiser_id", "exclude_ad_id", "rta_bid", "cache_duration", "req_id", "user_infos", "ts", "bid_type", "cache_time_secs", "fl_embedding", "rta_vid", "cus_vid")
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_ADVERTISER_ID_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_AD_ID_FIELD_NUMBER: _ClassVar[int]
    RTA_BID_FIELD_NUMBER: _ClassVar[int]
    CACHE_DURATION_FIELD_NUMBER: _ClassVar[int]
    REQ_ID_FIELD_NUMBER: _ClassVar[int]
    USER_INFOS_FIELD_NUMBER: _ClassVar[int]
    TS_FIELD_NUMBER: _ClassVar[int]
    BID_TYPE_FIELD_NUMBER: _ClassVar[int]
    CACHE_TIME_SECS_FIELD_NUMBER: _ClassVar[int]
    FL_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    RTA_VID_FIELD_NUMBER: _ClassVar[int]
    CUS_VID_FIELD_NUMBER: _ClassVar[int]
    status_code: int
    exclude_advertiser_id: _containers.RepeatedScalarFieldContainer[int]
    exclude_ad_id: _containers.RepeatedScalarFieldContainer[int]
    rta_bid: int
    cache_duration: int
    req_id: str
    user_infos: _containers.RepeatedCompositeFieldContainer[UserInfo]
    ts: int
    bid_type: _wrappers_pb2.Int32Value
    cache_time_secs: int
    fl_embedding: _containers.RepeatedScalarFieldContainer[float]
    rta_vid: str
    cus_vid: CusVid
    def __init__(self, status_code: _Optional[int] = ..., exclude_advertiser_id: _Optional[_Iterable[int]] = ..., exclude_ad_id: _Optional[_Iterable[int]] = ..., rta_bid: _Optional[int] = ..., cache_duration: _Optional[int] = ..., req_id: _Optional[str] = ..., user_infos: _Optional[_Iterable[_Union[UserInfo, _Mapping]]] = ..., ts: _Optional[int] = ..., bid_type: _Optional[_Union[_wrappers_pb2.Int32Value, _Mapping]] = ..., cache_time_secs: _Optional[int] = ..., fl_embedding: _Optional[_Iterable[float]] = ..., rta_vid: _Optional[str] = ..., cus_vid: _Optional[_Union[CusVid, str]] = ...) -> None: ...
