"""The city of a Chinese address, and nothing finer: the answer comes from a closed list.

Names are the prefecture-level divisions of the national administrative division table
(GB/T 2260); county-level cities are given as their province.
"""

from __future__ import annotations

import re
import unicodedata

_MUNICIPALITIES = "北京 上海 天津 重庆"
_REGIONS = {
    "香港特别行政区": "香港", "香港": "香港", "澳门特别行政区": "澳门", "澳门": "澳门",
    "台湾省": "台湾", "台湾": "台湾",
}  # fmt: skip
_PLAIN_PROVINCES = """
河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川
贵州 云南 陕西 甘肃 青海
"""
_PROVINCES = {name: name + "省" for name in _PLAIN_PROVINCES.split()} | {
    "内蒙古": "内蒙古自治区",
    "广西": "广西壮族自治区",
    "西藏": "西藏自治区",
    "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区",
}
_CITIES = """
石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水
太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布
沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛
长春 吉林 四平 辽源 通化 白山 松原 白城
哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化
南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁
杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水
合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城
福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德
南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽
郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店
武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州
长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底
广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山
潮州 揭阳 云浮
南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海口 三亚 三沙 儋州
成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳
贵阳 六盘水 遵义 安顺 毕节 铜仁
昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧
拉萨 日喀则 昌都 林芝 山南 那曲
西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南
西宁 海东 银川 石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密
"""
_PREFECTURES = """
延边州 恩施州 湘西州 阿坝州 甘孜州 凉山州 黔西南州 黔东南州 黔南州 楚雄州 红河州 文山州 西双版纳州
大理州 德宏州 怒江州 迪庆州 临夏州 甘南州 海北州 黄南州 海南州 果洛州 玉树州 海西州
昌吉州 博尔塔拉州 巴音郭楞州 克孜勒苏州 伊犁州
大兴安岭地区 阿里地区 阿克苏地区 喀什地区 和田地区 塔城地区 阿勒泰地区 兴安盟 锡林郭勒盟 阿拉善盟
"""
_NAMES = {name: name + "市" for name in f"{_MUNICIPALITIES} {_CITIES}".split()} | {
    re.sub("州$|地区$|盟$", "", name): name for name in _PREFECTURES.split()
}
_LONGEST_FIRST = sorted(_NAMES, key=len, reverse=True)
# "朝阳区..." names a district of some other city, not the city of Chaoyang.
_WHOLE = "(?![区县旗路街道镇乡村])"
_CITY = re.compile(f"({'|'.join(_LONGEST_FIRST)}){_WHOLE}")
_PROVINCE = re.compile(
    f"({'|'.join(_PROVINCES)}){_WHOLE}(?:省|壮族自治区|回族自治区|维吾尔自治区|自治区)?"
)
_REGION = re.compile("|".join(_REGIONS))


def city_of(address: str) -> str | None:
    """``北京市`` or ``延边州``; the province if no city is named; None for anything else.

    Only the beginning of the address counts: a street or a bank may carry a city's name.
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", address[:200]))
    text = re.sub("^(?:中华人民共和国|中国)", "", text)
    if region := _REGION.match(text):
        return _REGIONS[region[0]]
    province, city = _PROVINCE.match(text), _CITY.match(text)
    if province:  # 吉林 and 海南 are provinces and places in one
        also_province = text[province.end(1) : province.end(1) + 1] not in ("市", "州")
        city = _CITY.match(text, province.end()) or (None if also_province else city)
    if city:
        return _NAMES[city[1]]
    return _PROVINCES[province[1]] if province else None
