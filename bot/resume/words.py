"""The words résumés are built of: headings, labels, what companies and titles end with.

Matching words, not words for people: they are compared in simplified script, lower case, without
spaces (``spoken``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import opencc

WORK, PROJECT, EDUCATION, SKILLS, EXPECT, ABOUT, PERSON, OTHER = (
    "work", "project", "education", "skills", "expect", "about", "person", "other",
)  # fmt: skip

_HEADINGS: Mapping[str, str] = {
    WORK: (
        "工作经历 工作经验 工作履历 职业经历 从业经历 任职经历 工作背景 职业履历 实习经历 "
        "实习经验 实习及工作经历 工作实习经历 工作与实习经历 经历 履历 workexperience experience "
        "employment employmenthistory workhistory professionalexperience careerhistory 职场经历 "
        "就业经历"
    ),
    PROJECT: (
        "项目经历 项目经验 主要项目 代表项目 项目 projects projectexperience 项目背景 重点项目 作品"
    ),
    EDUCATION: (
        "教育经历 教育背景 学历 教育 学习经历 教育经验 学历背景 学历信息 education "
        "educationbackground educationalbackground academicbackground 求学经历 毕业院校"
    ),
    SKILLS: (
        "技能 专业技能 技能特长 技能证书 掌握技能 技术栈 个人技能 职业技能 技能专长 技能清单 "
        "专业能力 核心技能 skills skill technicalskills professionalskills 技能标签 技术能力 "
        "it技能 专长 技能与证书 擅长 工作技能"
    ),
    EXPECT: (
        "求职意向 求职期望 期望 职业意向 应聘意向 求职目标 期望工作 意向 工作期望 职业期望 "
        "期望职位 意向职位 意向岗位 求职岗位 应聘岗位 期望岗位 objective jobobjective "
        "careerobjective jobintention expectation expectations 求职信息 期望条件"
    ),
    ABOUT: (
        "自我评价 个人评价 自我介绍 个人简介 个人总结 个人优势 关于我 自我描述 简介 优势 summary "
        "selfevaluation aboutme profile selfassessment 自我鉴定 自评 职业概述 个人概述"
    ),
    PERSON: (
        "个人信息 基本信息 个人资料 基本资料 联系方式 personalinformation contact personal "
        "personaldetails 个人情况 基本情况 联络方式"
    ),
    OTHER: (
        "证书 荣誉 获奖 语言能力 语言 培训经历 校园经历 社会实践 兴趣爱好 爱好 荣誉奖项 所获奖项 "
        "附加信息 其他 其它 certificates awards languages honors hobbies interests training "
        "在校经历 荣誉证书 资格证书 培训 奖项 获奖情况 职业规划 其他信息 校内经历 社团经历"
    ),
}
SECTIONS: Mapping[str, str] = {
    word: section for section, words in _HEADINGS.items() for word in words.split()
}

#: Labels in front of a colon, or heads of table columns, and the kind behind each.
_LABELS: Mapping[str, str] = {
    "job.company": (
        "公司 公司名称 单位 工作单位 企业 企业名称 所在公司 单位名称 任职公司 company employer "
        "就职公司 就职单位 服务单位 雇主 任职单位"
    ),
    "job.title": (
        "职位 岗位 职务 担任职位 担任职务 职位名称 岗位名称 title position role 所任职务 "
        "jobtitle 职称"
    ),
    "span": (
        "时间 起止时间 工作时间 任职时间 在职时间 起止年月 period date dates 起讫时间 日期 期间 "
        "任职期间 起止日期 时段 工作期间 在职期间"
    ),
    "job.from": ("入职时间 入职年月 开始时间 入职日期 入职 起始时间 startdate"),
    "job.until": ("离职时间 离职年月 结束时间 离职日期 enddate"),
    "job.pay_first": ("入职薪资 起薪 入职月薪 入职工资 startingsalary"),
    "job.pay": (
        "薪资 月薪 离职薪资 离职前薪资 税前月薪 薪酬 工资 薪水 薪资待遇 年薪 离职月薪 salary "
        "目前薪资 目前月薪 当前薪资 现薪资 薪资水平 最后薪资 lastsalary currentsalary 目前年薪 "
        "税前薪资 pay"
    ),
    "job.left_because": (
        "离职原因 离开原因 离职理由 离职缘由 reasonforleaving 离职 reason 变动原因"
    ),
    "job.performance": ("绩效 绩效等级 年度绩效 绩效考核 performance 绩效结果"),
    "expect.pay": (
        "期望薪资 期望月薪 薪资要求 期望薪酬 期望待遇 薪资期望 期望年薪 期望工资 薪酬要求 "
        "expectedsalary 期望薪水 待遇要求 salaryexpectation 要求薪资 desiredsalary 希望薪资 "
        "希望待遇 月薪要求"
    ),
    "expect.city": (
        "期望城市 期望地点 意向城市 工作地点 期望工作地点 意向地点 目标城市 期望工作城市 "
        "preferredlocation 求职地点 希望地点 意向工作地 工作城市 location 期望工作地 目标地点 "
        "城市 期望地区 意向地区 工作地区 preferredcity"
    ),
    "expect.start": (
        "到岗时间 最早到岗 到岗日期 最快到岗 可到岗时间 可入职时间 available availability "
        "可到岗日期 availablefrom 最快到岗时间 预计到岗 可上班日期 最早到岗日期 最早可到岗 "
        "最快到职 可到职日 到职时间 可到职时间 上班日期"
    ),
    "expect.plan": ("职业规划 职业目标 发展规划 职业发展规划 careerplan 未来规划 职业计划"),
    "own.notice_days": ("通知期 离职通知期 提前通知 noticeperiod 交接期"),
    "own.skills": (
        "技能 专业技能 掌握技能 技术栈 skills 擅长 技能标签 核心技能 职业技能 熟练 熟练掌握 精通 "
        "熟悉"
    ),
    "school": ("学校 毕业院校 院校 毕业学校 学校名称 school university 就读院校"),
    "degree": ("学历 学位 最高学历 degree 文化程度"),
    "major": ("专业 所学专业 major 主修专业 主修"),
    "ignored": (
        "部门 所属部门 所在部门 department 下属人数 下属 汇报对象 工作地 公司规模 公司性质 行业 "
        "所属行业 公司行业 工作内容 工作职责 职责 岗位职责 主要职责 业绩 主要业绩 工作业绩 "
        "工作描述 职责描述 主要工作 求职状态 目前状态 姓名 电话 手机 邮箱 微信 name phone email "
        "tel mobile 应聘职位 应聘岗位 期望职位 期望岗位 意向职位 意向岗位 求职岗位 求职职位 "
        "目标职位 目标岗位 工作性质 求职类型 期望行业 responsibilities targetposition "
        "desiredposition 证明人 联系电话 现居 现居住地 居住地 所在城市 所在地 地址 工作年限 "
        "工作经验 电子邮箱 手机号 手机号码 语言 证书 项目 项目名称 技术 内容 主要成果 成果 说明 "
        "备注 期望工作 industry duties 描述 目前城市 现居城市 序号 希望职位 希望岗位 状态 "
        "求职意向 应征职位 应征职务"
    ),
}
LABELS: Mapping[str, str] = {
    word: kind for kind, words in _LABELS.items() for word in words.split()
}

#: Labels of what is protected: the whole entry is left out, and counted.
_PROTECTED = (
    "性别 年龄 出生 出生日期 出生年月 生日 籍贯 户籍 户口 户口所在地 民族 婚姻 婚姻状况 婚育 "
    "婚育状况 婚否 生育状况 子女 政治面貌 照片 健康 健康状况 身高 体重 宗教 信仰 宗教信仰 星座 "
    "血型 国籍 身份证 身份证号 身份证号码 gender sex age birthday dateofbirth birthdate "
    "maritalstatus nationality height weight photo ethnicity religion hometown birth 家庭情况 "
    "家庭状况 家庭成员 老家 属相 生肖 兵役 兵役状况 出生地 children health married 视力 残疾 "
    "户籍地 户籍所在地 身体状况 native"
)
PROTECTED = frozenset(_PROTECTED.split())
#: Parts of a line that say such a thing without a label.
PROTECTED_PART = re.compile(
    r"男|女|男性|女性|男士|女士|(?:周|满)?\d{2}岁(?:\(.*\)|（.*）)?|(?:已|未|离)婚(?:[已未]育)?|[已未]育|"
    r"(?:19|20)\d{2}[年.\-/]\d{1,2}(?:[月.\-/]\d{0,2}日?)?(?:出?生)|\d{2,4}年(?:出?生)|"
    r"[一-鿿]{1,3}族|(?:中共)?(?:预备)?党员|(?:共青)?团员|群众|无党派人士|\d{3}cm|\d{2,3}kg|[一-鿿]{2,6}人|"
    r"male|female|single|married|(?:身体)?健康|\d{2}yearsold|[白羊金牛双子巨蟹狮处女天秤蝎射手摩羯水瓶鱼]{2,3}座",
    re.I,
)

COMPANY = re.compile(
    r"公司|集团|股份|有限|银行|事务所|医院|大学$|学院$|学校|工作室|研究院|研究所|中心$|酒店|科技$|网络$|传媒$|"
    r"信息$|软件$|电子$|物流$|商贸$|咨询$|证券|保险|基金|幼儿园|餐饮|超市|商场|门店$|厂$|连锁|企业$|实业|工厂|店$|社$|馆$|局$|诊所|律所|支行|分行|"
    r"\b(?:inc|ltd|co|corp|llc|group|technology|technologies|bank|company|limited|gmbh)\b",
    re.I,
)
TITLE = re.compile(
    r"工程师|经理|主管|总监|专员|助理|顾问|设计师|分析师|运营$|销售$|会计$|出纳$|文员|架构师|开发$|产品$|"
    r"实习生|负责人|组长|店长|老师$|教师|护士|医生|hrbp|专家|客服|导购|司机|厨师|技术员|操作工|普工|编辑|"
    r"策划|代表$|秘书|前台$|讲师|采购$|人事$|行政$|财务$|测试$|研究员|调度员|质检员|仓管|主任|总裁|店员|"
    r"班长|总经理|行政管理|培训生|管培生|审计$|法务$|翻译|记者|摄影师|美工|库管|验光师|药师|质量员|安全员|员$|师$|部长$|科长$|校长$|园长$|厂长$|院长$|"
    r"\b(?:engineer|manager|director|developer|designer|analyst|specialist|assistant|consultant|lead|intern|"
    r"representative|accountant|architect|officer|supervisor|scientist|coordinator)\b",
    re.I,
)
_DEGREES = "博士 硕士 研究生 本科 学士 大专 专科 中专 高中 职高 技校 mba phd master bachelor"
DEGREES = tuple(_DEGREES.split())
SCHOOL = re.compile(
    r"大学|学院|学校|中学|技校|职高|高中(?!$)|党校|university|college|institute|school", re.I
)


_NUMBERED = re.compile(
    r"^\s*(?:[一二三四五六七八九十]{1,2}|\d{1,2}|part\s*\d)\s*[、.．)）:：]\s*", re.I
)


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """In simplified script; nothing else is changed."""
    return text if text.isascii() else str(_converter().convert(text))


def spoken(text: str) -> str:
    """As the words above are written: no spaces, no marks around, lower case."""
    bare = re.sub(r"[\s·•●◆■▪▶►★☆【】\[\]《》<>「」\-—_=|｜*#:：/&.,、()（）]+", "", text)
    return bare.casefold()


def section_of(text: str) -> str | None:
    """The section a line heads, or None. One heading in two languages is one heading.

    >>> section_of("一、工 作 经 历 Work Experience"), section_of("工作经历丰富，擅长沟通")
    ('work', None)
    """
    if len(text) > 48:
        return None
    bare = _NUMBERED.sub("", text)
    bare = re.sub(r"[（(][^）)]*[）)]\s*$", "", bare)
    said = spoken(bare)
    if found := SECTIONS.get(said):
        return found
    split = re.fullmatch(r"([^a-z]{2,12})([a-z]{4,30})|([a-z]{4,30})([^a-z]{2,12})", said)
    if split is None:
        return None
    chinese = split[1] or split[4]
    return SECTIONS.get(chinese) if SECTIONS.get(split[2] or split[3]) else None
